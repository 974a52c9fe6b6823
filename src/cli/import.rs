//! `import`: a platform's document to a policy of a scenario.

use super::check::refused;
use super::exit::{Exit, Failure};
use super::policy_input::PolicyArgs;
use super::terminal::Terminal;
use autosim_report::{policy_json, policy_toml};
use autosim_study::scenario::{LoadOptions, Sources, load_policies};
use serde_json::json;

/// A platform's own document to an autosim policy, every default and assumption visible
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The document (JSON or YAML), or documents that belong together in order of creation; `-` reads
    /// standard input
    #[arg(value_name = "DOCUMENT", required = true)]
    documents: Vec<String>,
    /// Sets one knob, for example tolerance=0.2; may be repeated
    #[arg(long = "set", value_name = "KNOB=VALUE", value_parser = super::input::key_value)]
    set: Vec<(String, String)>,
    /// Refuse what the platform lets pass by kindness: unknown keys, aliases
    #[arg(long)]
    strict: bool,
    /// Form of the policy
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Form of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// A part of a scenario
    #[default]
    Toml,
    /// One object
    Json,
}

const EXAMPLES: &str = "\
Examples:
  autosim import eas.json > eas.toml
  autosim import group.json up.json down.json --set tick=60s
The result goes into a scenario as it is, or to --policy; `autosim export` makes the document again.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    match imported(args, terminal) {
        Ok(text) => {
            terminal.print(&text)?;
            Ok(Exit::Good)
        }
        // Whoever reads objects reads what is wrong as one too.
        Err(failure) if args.format == Format::Json => {
            let mut object = refused(&failure.findings());
            object["files"] = json!(args.documents);
            terminal.print(&format!("{object:#}\n"))?;
            Ok(Exit::BadInput)
        }
        Err(failure) => Err(failure),
    }
}

/// The policy as text.
fn imported(args: &Args, terminal: &Terminal) -> Result<String, Failure> {
    let policy = PolicyArgs::of(&args.documents, &args.set, args.strict).load(terminal)?;
    let Some(product) = policy.spec.product() else {
        let kind = policy.spec.kind_name();
        return Err(Failure::bad_input(format_args!(
            "`{kind}` is autosim's own: there is nothing to import; use the file as it is"
        )));
    };
    match args.format {
        Format::Toml => read_again(policy_toml(&policy.name, product)),
        Format::Json => Ok(format!("{:#}\n", policy_json(&policy.name, product))),
    }
}

/// What was written, if a scenario can read it.
fn read_again(text: String) -> Result<String, Failure> {
    match load_policies(Sources::new("what import would write", &text), &LoadOptions::default()) {
        Ok(_) => Ok(text),
        Err(findings) => Err(findings.into()),
    }
}
