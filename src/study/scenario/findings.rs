//! Faults with their place in the text, and how they are shown.

use super::sources::Sources;
use super::tree::Places;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use autosim_engine::fault::{Fault, Severity};
use autosim_policies::products::DocumentFault;
use std::ops::Range;

/// Everything found wrong with a scenario, ready to be shown.
#[derive(Debug, Clone)]
pub struct Findings {
    sources: Sources,
    found: Vec<Finding>,
}

/// A fault and the bytes it points at.
#[derive(Debug, Clone)]
pub(super) struct Finding {
    pub(super) fault: Fault,
    pub(super) span: Option<Range<usize>>,
    /// What was found in a platform's document, in the platform's words.
    pub(super) document: Option<DocumentFault>,
}

impl Finding {
    /// A fault of the scenario itself.
    pub(super) fn of(fault: Fault, span: Option<Range<usize>>) -> Self {
        Self { fault, span, document: None }
    }
}

/// A fault with its place, for programs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Located<'a> {
    /// `error` or `warning`.
    pub severity: &'static str,
    /// File name, or the override.
    pub file: &'a str,
    /// Line, from 1; 0 if the fault has no place.
    pub line: usize,
    /// Column in characters, from 1; 0 if the fault has no place.
    pub column: usize,
    /// Keys joined by dots.
    pub key: &'a str,
    /// What is wrong, with the value found.
    pub message: &'a str,
    /// What would be right.
    pub remedy: &'a str,
    /// Of a platform's document: the platform's code for it, `autosim` or `incomplete` where it is ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'a str>,
    /// Likewise: the HTTP status of the platform's answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Likewise: the member as the platform's answer names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
}

impl Findings {
    pub(super) fn new(sources: Sources, mut found: Vec<Finding>) -> Self {
        for Fault { path, message, hint, severity: _ } in
            found.iter_mut().map(|finding| &mut finding.fault)
        {
            for text in [path, message, hint] {
                cut(text);
            }
        }
        Self { sources, found }
    }

    /// A single fault of the whole file.
    pub fn of_file(name: &str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        let fault = Fault {
            path: String::new(),
            message: message.into(),
            hint: hint.into(),
            severity: Severity::Error,
        };
        Self::new(Sources::new(name, ""), vec![Finding::of(fault, None)])
    }

    /// A warning of the whole file, beside what was found.
    pub fn warn(&mut self, message: impl Into<String>, hint: impl Into<String>) {
        let (path, severity) = (String::new(), Severity::Warning);
        let fault = Fault { path, message: message.into(), hint: hint.into(), severity };
        self.found.insert(0, Finding::of(fault, None));
    }

    /// Says more about what would be right where a message is about `what`.
    pub fn advise(&mut self, what: &str, hint: &str) {
        for Finding { fault, .. } in &mut self.found {
            if fault.message.contains(what) {
                fault.hint = format!("{}; {hint}", fault.hint);
            }
        }
    }

    /// A single fault at a byte of a text.
    pub fn at(
        sources: Sources,
        at: usize,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        let fault = Fault {
            path: String::new(),
            message: message.into(),
            hint: hint.into(),
            severity: Severity::Error,
        };
        Self::new(sources, vec![Finding::of(fault, Some(at..at))])
    }

    /// True if any of them stops the run.
    pub fn any_error(&self) -> bool {
        self.found.iter().any(|finding| finding.fault.severity == Severity::Error)
    }

    /// What was found in platforms' documents.
    pub fn of_documents(&self) -> impl Iterator<Item = &DocumentFault> {
        self.found.iter().filter_map(|finding| finding.document.as_ref())
    }

    /// All but what only says that a platform's documents are not enough to run.
    #[must_use]
    pub fn without_incompleteness(mut self) -> Self {
        self.found.retain(|finding| {
            !finding.document.as_ref().is_some_and(DocumentFault::is_incompleteness)
        });
        self
    }

    /// All but what is about a part of the scenario, a path such as `policies.web`: nobody wrote it.
    #[must_use]
    pub fn without(mut self, part: &str) -> Self {
        let within = |path: &str| {
            path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.found.retain(|finding| !within(&finding.fault.path));
        self
    }

    /// Each fault once where several settings of one policy have it: what is said of the first holds for all.
    #[must_use]
    pub fn without_repeats(mut self) -> Self {
        let mut seen = Vec::new();
        self.found.retain(|Finding { fault, span, .. }| {
            let place = span.as_ref().map(|span| self.sources.locate(span).0.name.clone());
            let said = (place, fault.message.clone(), fault.hint.clone());
            let is_new = !seen.contains(&said);
            if is_new {
                seen.push(said);
            }
            is_new
        });
        self
    }

    /// True if nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The faults with line and column, in the order of the text.
    pub fn located(&self) -> Vec<Located<'_>> {
        self.found
            .iter()
            .map(|Finding { fault, span, document }| {
                let place = span.as_ref().map(|span| self.sources.line_column(span.start));
                let (file, line, column) = place.unwrap_or((self.sources.name(), 0, 0));
                Located {
                    severity: severity_name(fault.severity),
                    file,
                    line,
                    column,
                    key: &fault.path,
                    message: &fault.message,
                    remedy: &fault.hint,
                    code: said(document, |fault| &fault.code),
                    status: document.as_ref().and_then(|fault| fault.status),
                    field: said(document, |fault| &fault.field),
                }
            })
            .collect()
    }

    /// As a compiler would show them: title, place, the line with a mark under it, the remedy.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for finding in &self.found {
            text.push_str(&renderer.render(&self.groups(finding)));
            text.push_str("\n\n");
        }
        text
    }

    fn groups<'a>(&'a self, finding: &'a Finding) -> Vec<Group<'a>> {
        let Fault { path, message, hint, severity } = &finding.fault;
        let level = match severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = if path.is_empty() { message.clone() } else { format!("{path}: {message}") };
        let title = level.primary_title(title);
        let mut group = match &finding.span {
            Some(span) => {
                let (part, local) = self.sources.locate(span);
                let mark = AnnotationKind::Primary.span(local);
                let snippet =
                    Snippet::source(part.text.as_str()).path(part.name.as_str()).annotation(mark);
                title.element(snippet)
            }
            None => title.element(Origin::path(self.sources.name())),
        };
        if !hint.is_empty() {
            group = group.element(Level::HELP.message(hint.as_str()));
        }
        vec![group]
    }
}

/// No message is longer, in bytes: it may hold a value, and a value may be a whole file.
const LONGEST: usize = 2000;

/// Leaves out the middle of what nobody would read.
fn cut(text: &mut String) {
    if text.len() <= LONGEST {
        return;
    }
    let whole = |at: &usize| text.is_char_boundary(*at);
    let from = (0..=LONGEST / 4).rev().find(whole).unwrap_or_default();
    let to = (text.len() - LONGEST / 4..).find(whole).unwrap_or(from);
    let left_out = to - from;
    text.replace_range(from..to, &format!(" ... {left_out} bytes left out ... "));
}

/// A part of what a platform says, unless it is empty.
fn said<'f>(
    document: &'f Option<DocumentFault>,
    part: impl Fn(&'f DocumentFault) -> &'f str,
) -> Option<&'f str> {
    document.as_ref().map(part).filter(|text| !text.is_empty())
}

const fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Gives faults found by path their place. A key that is missing is shown at the nearest one above it.
pub(super) fn place(faults: Vec<Fault>, places: &Places) -> Vec<Finding> {
    let of = |fault: Fault| {
        let span = span_of(&fault.path, places);
        Finding::of(fault, span)
    };
    faults.into_iter().map(of).collect()
}

/// The same for findings in documents that are written in the scenario.
pub(super) fn give_places(found: &mut [Finding], places: &Places) {
    for finding in found.iter_mut().filter(|one| one.span.is_none() && one.document.is_some()) {
        finding.span = span_of(&finding.fault.path, places);
    }
}

fn span_of(path: &str, places: &Places) -> Option<Range<usize>> {
    places.nearest(path).map(|(place, exact)| {
        let at_value = exact && !place.value.is_empty();
        if at_value { place.value.clone() } else { place.key.clone() }
    })
}
