//! `export`: a policy of a scenario to the platform's document.

use super::exit::{Exit, Failure};
use super::policy_input::PolicyArgs;
use super::terminal::Terminal;
use serde_json::Value;

/// A product's policy to the platform's own document, ready for its API
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    policy: PolicyArgs,
}

const EXAMPLES: &str = "\
Examples:
  autosim export --policy eas.toml
  autosim export --policy scenarios/products/pai-eas.toml --named platform \\
      --set body.behavior.scaleDown.stabilizationWindowSeconds=150
Several documents that belong together come as one JSON array. Read-only members are left out; knobs
are autosim's and not part of it.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    let policy = args.policy.load(terminal)?;
    let Some(product) = policy.spec.product() else {
        let kind = policy.spec.kind_name();
        return Err(Failure::bad_input(format_args!(
            "`{kind}` is autosim's own: no platform takes it; known products: {}",
            autosim_policies::products::ProductFile::KINDS.join(", ")
        )));
    };
    let mut documents = product.export();
    let document = match documents.len() {
        1 => documents.remove(0),
        _ => Value::Array(documents),
    };
    terminal.print(&format!("{document:#}\n"))?;
    Ok(Exit::Good)
}
