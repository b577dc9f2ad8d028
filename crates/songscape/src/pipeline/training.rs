//! The encoder: trained on the library, kept while songs come and go, or given.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::{Progress, Record, Stage, State, hash_file, write_atomic};

use super::{Pipeline, again};
use crate::error::{Error, Result};
use crate::training::{MODEL, Training};
use crate::vectors::Images;

/// The record of a model that was trained elsewhere.
#[derive(Serialize, Deserialize)]
struct Given {
    /// The hash of its file.
    given: String,
}

impl Pipeline {
    pub(super) fn training(&self, progress: &dyn Progress) -> Result<String> {
        // What cannot be studied is said before there is any work.
        self.wanted()?;
        let folder = self.project.path("model");
        let parameters = &self.parameters;
        let given = Record::file(&folder).exists() && Record::read(&folder)?.is::<Given>();
        match &parameters.model {
            Some(file) => return take(file, &folder, given),
            None if given && !parameters.retrain => return Ok("given before".into()),
            None if given => {
                let reason =
                    "holds a given model, which cannot be trained again; choose another output";
                return Err(Error::input(folder, reason));
            }
            None if self.is_untrained()? => return self.measure(progress),
            None => {}
        }
        let store = self.store();
        let images = Images::open(&store)?;
        let (encoder, training) = (parameters.encoder.clone(), parameters.training.clone());
        let training = Training { encoder, training };
        let finished = training.is_finished(&images, &folder)?;
        if finished {
            let trained_on = Record::read(&folder)?.inputs.remove("images");
            if trained_on == Some(store.fingerprint()?) {
                return Ok("done before".into());
            }
            if !parameters.retrain {
                return Ok("kept, although the songs have changed".into());
            }
        }
        let (made_again, trained) =
            match training.open_tuning(&store, &images, &folder, self.device)? {
                Some(tuning) => {
                    let made_again = again(&tuning.stage);
                    let pooling = parameters.pooling;
                    let trained = training.tune(tuning, &images, pooling, progress)?;
                    (format!("{made_again}, from the weights of before"), trained)
                }
                None => {
                    let stage = training.open(&store, &folder)?;
                    let made_again = again(&stage);
                    let pooling = parameters.pooling;
                    let trained =
                        training.run(stage, &images, None, pooling, self.device, progress)?;
                    (made_again, trained)
                }
            };
        let steps = trained.history.len();
        let last = &trained.history[steps - steps.min(10)..];
        let loss = last.iter().map(|step| step.loss).sum::<f64>() / last.len().max(1) as f64;
        Ok(format!("{steps} steps on {:?}, loss {loss:.3}{made_again}", self.device))
    }
}

/// Takes a model that was trained elsewhere into the project, so that the project is whole by itself.
fn take(file: &Path, folder: &Path, given: bool) -> Result<String> {
    if Record::file(folder).exists() && !given {
        let reason =
            "holds a model that was trained here; leave --model out, or choose another output";
        return Err(Error::input(folder, reason));
    }
    let stage = Stage::open(folder, 1, &Given { given: hash_file(file)? }, &[])?;
    if stage.state() == State::Done {
        return Ok("done before".into());
    }
    let content = std::fs::read(file).map_err(Error::io(file))?;
    write_atomic(stage.path(MODEL), |copy| copy.write_all(&content))?;
    stage.finish()?;
    Ok(format!("taken from {}", file.display()))
}
