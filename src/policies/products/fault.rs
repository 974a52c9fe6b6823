//! What is wrong with a document, in the platform's words and in ours.

use autosim_engine::fault::Severity;

/// Our code for documents that are good but not enough to run.
const INCOMPLETE: &str = "incomplete";
/// Our code for what a platform would let pass and autosim cannot.
const OURS: &str = "autosim";

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentFault {
    /// Which of the documents that belong together, from 0.
    pub document: usize,
    /// Where: keys and places in arrays (from 0), joined by dots; empty = the whole document.
    pub path: String,
    /// Whether the platform refuses it.
    pub severity: Severity,
    /// The platform's code for it.
    pub code: String,
    /// The HTTP status of the platform's answer.
    pub status: Option<u16>,
    /// The member as the platform's answer names it: `scaleStrategies.1.threshold`.
    pub field: String,
    /// The platform's message.
    pub message: String,
    /// What would be right, in our words.
    pub remedy: String,
}

/// The faults of documents that belong together.
#[derive(Debug, Default)]
pub struct DocumentFaults {
    found: Vec<DocumentFault>,
}

impl DocumentFaults {
    /// Nothing found yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fault at a path of a document, which are filled in here.
    pub fn add(&mut self, document: usize, path: &str, fault: DocumentFault) {
        self.found.push(DocumentFault { document, path: path.to_owned(), ..fault });
    }

    /// Every fault once: a document that is amended is read again.
    #[must_use]
    pub fn once(self) -> Self {
        let mut once: Vec<DocumentFault> = Vec::new();
        for fault in self.found {
            if !once.contains(&fault) {
                once.push(fault);
            }
        }
        Self { found: once }
    }

    /// How many errors were found so far; compare before and after a part to see if it was sound.
    pub fn errors(&self) -> usize {
        self.found.iter().filter(|fault| fault.severity == Severity::Error).count()
    }

    /// Everything found so far.
    pub fn as_slice(&self) -> &[DocumentFault] {
        &self.found
    }

    /// Everything found, in the order found.
    pub fn into_vec(self) -> Vec<DocumentFault> {
        self.found
    }
}

impl DocumentFault {
    /// A refusal; document and path are filled in by [`DocumentFaults::add`].
    pub fn error(
        code: impl Into<String>,
        status: Option<u16>,
        field: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            document: 0,
            path: String::new(),
            severity: Severity::Error,
            code: code.into(),
            status,
            field: field.into(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// A refusal of autosim's own: the platform would take it, or says nothing about it.
    pub fn ours(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::error(OURS, None, "", message, remedy)
    }

    /// The platform would take these documents, but they are not enough to run: an update alone.
    pub fn incomplete(lack: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::error(INCOMPLETE, None, "", lack, remedy)
    }

    /// The same of a document that is not sent to the platform, which therefore does not answer.
    #[must_use]
    pub fn in_our_words(self) -> Self {
        match self.severity == Severity::Error && !self.is_incompleteness() {
            true => Self { code: OURS.into(), status: None, ..self },
            false => self,
        }
    }

    /// Whether it is a refusal by the platform.
    pub fn is_the_platforms(&self) -> bool {
        let ours = self.code == OURS || self.is_incompleteness();
        self.severity == Severity::Error
            && !ours
            && !(self.code.is_empty() && self.status.is_none())
    }

    /// Whether it only says that something is not there yet.
    pub fn is_incompleteness(&self) -> bool {
        self.code == INCOMPLETE
    }

    /// Something the platform lets pass and a user should know; document and path are filled in by
    /// [`DocumentFaults::add`].
    pub fn warning(message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error("", None, String::new(), message, remedy)
        }
    }
}
