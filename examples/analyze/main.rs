//! From song vectors to a map, clusters, predicted years and tables: `analyze -- --vectors x.npy --out DIR`.

mod arguments;
mod outputs;
mod run;
mod scores;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::Parser as _;
use songscape_examples::{Bars, start};

use arguments::Arguments;

fn main() -> ExitCode {
    start(|| {
        let arguments = Arguments::parse();
        let done = run::run(&arguments, &*Bars::listening());
        done.map(|summary| println!("{summary}: {}", arguments.out.display()))
    })
}
