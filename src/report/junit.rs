//! Verdicts as JUnit XML, which the services that run builds show: a suite per scenario, a case per claim.

use askama::Template;

/// What became of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It holds.
    Passed,
    /// It does not; what was seen.
    Failed(String),
    /// It could not be asked; why.
    Error(String),
    /// It was not decided; why.
    Skipped(String),
}

/// One thing that was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Of what: the file, and the policy if it is about one.
    pub class: String,
    /// What was asked, as it was written.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What was asked of one scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    /// The file.
    pub name: String,
    /// In the order they were asked.
    pub cases: Vec<Case>,
}

impl Suite {
    fn count(&self, which: fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| which(&case.outcome)).count()
    }

    fn failures(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    fn errors(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Error(_)))
    }

    fn skipped(&self) -> usize {
        self.count(|outcome| matches!(outcome, Outcome::Skipped(_)))
    }
}

#[derive(Debug, Template)]
#[template(
    ext = "xml",
    source = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="autosim">
{%- for suite in suites %}
  <testsuite name="{{ suite.name }}" tests="{{ suite.cases.len() }}" failures="{{ suite.failures() }}" errors="{{ suite.errors() }}" skipped="{{ suite.skipped() }}">
  {%- for case in suite.cases %}
    <testcase classname="{{ case.class }}" name="{{ case.name }}">
    {%- match case.outcome %}
      {%- when Outcome::Passed %}
      {%- when Outcome::Failed(seen) %}<failure message="{{ seen }}"/>
      {%- when Outcome::Error(why) %}<error message="{{ why }}"/>
      {%- when Outcome::Skipped(why) %}<skipped message="{{ why }}"/>
    {%- endmatch -%}
    </testcase>
  {%- endfor %}
  </testsuite>
{%- endfor %}
</testsuites>
"#
)]
struct Page {
    suites: Vec<Suite>,
}

/// The file. Characters that XML cannot hold are replaced.
pub fn junit_xml(suites: Vec<Suite>) -> String {
    // Writing to memory cannot fail.
    let page = Page { suites }.render().unwrap_or_default();
    page.replace(
        |c: char| {
            (c.is_control() && !matches!(c, '\n' | '\t' | '\r'))
                || c == '\u{fffe}'
                || c == '\u{ffff}'
        },
        "\u{fffd}",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_element_and_its_count() {
        let case = |name: &str, outcome| Case {
            class: "s.toml.steady".into(),
            name: name.into(),
            outcome,
        };
        let cases = vec![
            case("sound", Outcome::Passed),
            case("p99<300ms", Outcome::Failed("p99 \"is\" 400\u{7} ms & more".into())),
            case("cost<1", Outcome::Skipped("interrupted".into())),
            case("x", Outcome::Error("no such <policy>".into())),
        ];
        let xml = junit_xml(vec![Suite { name: "s.toml".into(), cases }]);
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites name=\"autosim\">\n\
             \x20 <testsuite name=\"s.toml\" tests=\"4\" failures=\"1\" errors=\"1\" skipped=\"1\">\n\
             \x20   <testcase classname=\"s.toml.steady\" name=\"sound\"></testcase>\n\
             \x20   <testcase classname=\"s.toml.steady\" name=\"p99&#60;300ms\">\
             <failure message=\"p99 &#34;is&#34; 400\u{fffd} ms &#38; more\"/></testcase>\n\
             \x20   <testcase classname=\"s.toml.steady\" name=\"cost&#60;1\">\
             <skipped message=\"interrupted\"/></testcase>\n\
             \x20   <testcase classname=\"s.toml.steady\" name=\"x\">\
             <error message=\"no such &#60;policy&#62;\"/></testcase>\n\
             \x20 </testsuite>\n\
             </testsuites>\n"
        );
    }
}
