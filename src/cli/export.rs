//! `export`: a policy of a scenario to the platform's document.

use super::exit::{Exit, Failure};
use super::policy_input::PolicyArgs;
use super::terminal::Terminal;

/// A product's policy to the platform's own document, ready for its API
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(flatten)]
    policy: PolicyArgs,
    /// Changes one value of the document in its own text, comments and order kept, for example
    /// spec.maxReplicas=20; may be repeated
    #[arg(long = "edit", value_name = "PATH=VALUE", value_parser = super::input::key_value)]
    edit: Vec<(String, String)>,
}

const EXAMPLES: &str = "\
Examples:
  autosim export --policy eas.toml
  autosim export --policy scenarios/products/pai-eas.toml --named platform \\
      --set body.behavior.scaleDown.stabilizationWindowSeconds=150
  autosim export --policy hpa.yaml --edit spec.maxReplicas=20 > tuned.yaml
Several documents that belong together come as one JSON array, objects of Kubernetes as YAML. Read-only
members are left out; knobs are autosim's and not part of it. --edit changes the text of one document.";

pub(super) fn run(args: &Args, terminal: &Terminal) -> Result<Exit, Failure> {
    if !args.edit.is_empty() {
        terminal.print(&args.policy.load_edited(&args.edit, terminal)?)?;
        return Ok(Exit::Good);
    }
    let policy = args.policy.load(terminal)?;
    let Some(product) = policy.spec.product() else {
        let kind = policy.spec.kind_name();
        return Err(Failure::bad_input(format_args!(
            "`{kind}` is autosim's own: no platform takes it; known products: {}",
            autosim_policies::products::ProductFile::KINDS.join(", ")
        )));
    };
    terminal.print(&product.export_text())?;
    Ok(Exit::Good)
}
