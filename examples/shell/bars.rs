//! Progress bars in the terminal, and the interrupt key.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use songscape::project::Progress;

/// One bar at a time, for the stage that runs.
#[derive(Default)]
pub struct Bars {
    bar: Mutex<Option<ProgressBar>>,
    interrupted: AtomicBool,
}

impl Bars {
    /// Bars that ask the running stage to stop when the interrupt key is pressed, and end the program
    /// when it is pressed again.
    pub fn listening() -> Arc<Self> {
        let bars = Arc::new(Self::default());
        let pressed = Arc::clone(&bars);
        if let Err(error) = ctrlc::set_handler(move || pressed.interrupt()) {
            eprintln!("warning: the interrupt key will end the program at once: {error}");
        }
        bars
    }

    fn interrupt(&self) {
        // Files appear whole or not at all, so that the program can end anywhere.
        if self.interrupted.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        self.message("stopping ...");
    }

    fn with(&self, f: impl FnOnce(&ProgressBar)) {
        if let Ok(bar) = self.bar.lock()
            && let Some(bar) = bar.as_ref()
        {
            f(bar);
        }
    }
}

/// So many a second, with one decimal.
fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    let _ = write!(out, "{:.1}/s", state.per_sec());
}

impl Progress for Bars {
    fn begin(&self, stage: &str, total: u64, unit: &str) {
        let template = format!(
            "{{prefix:14}} {{bar:30}} {{pos}}/{{len}} {unit} ({{rate}}, {{eta}} left) {{msg}}"
        );
        let bar = ProgressBar::new(total).with_prefix(stage.to_owned());
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style.with_key("rate", rate));
        }
        bar.enable_steady_tick(Duration::from_millis(250));
        if let Ok(mut current) = self.bar.lock() {
            *current = Some(bar);
        }
    }

    fn advance(&self, n: u64) {
        self.with(|bar| bar.inc(n));
    }

    fn message(&self, text: &str) {
        self.with(|bar| bar.set_message(text.to_owned()));
    }

    fn end(&self) {
        if let Ok(mut current) = self.bar.lock()
            && let Some(bar) = current.take()
        {
            bar.finish_and_clear();
        }
    }

    fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}
