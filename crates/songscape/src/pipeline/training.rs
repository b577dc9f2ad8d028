//! The encoder: trained on the library, kept while songs come and go, or given.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use songscape_project::{Progress, Record, Stage, State, counted, write_atomic};
use songscape_resnet::ModelSource;

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

/// What there is to do.
enum Begun {
    /// Nothing, for a reason.
    Nothing(String),
    Train(Stage),
    /// Going on from the weights of before.
    Tune(Stage),
}

impl Pipeline {
    pub(super) fn training(&self, progress: &dyn Progress) -> Result<String> {
        let parameters = &self.parameters;
        let (encoder, training) = (parameters.encoder.clone(), parameters.training.clone());
        let training = Training { encoder, training };
        // The first process knows what there is to do.
        let begun = self.processes.first(|| self.begin(&training, progress))?;
        let (stage, tunes, nothing) = match begun {
            Some(Begun::Train(stage)) => (Some(stage), false, None),
            Some(Begun::Tune(stage)) => (Some(stage), true, None),
            Some(Begun::Nothing(reason)) => (None, false, Some(reason)),
            None => (None, false, None),
        };
        if !self.processes.first_says(stage.is_some())? {
            return Ok(nothing.unwrap_or_else(|| "nothing to train".into()));
        }
        let mut made_again = stage.as_ref().map(again).unwrap_or_default();
        let images = Images::open(&self.store())?;
        let (all, pooling, device) = (&self.processes, parameters.pooling, self.device);
        let trained = if all.first_says(tunes)? {
            made_again += ", from the weights of before";
            let before = Training::before(self.project.path("model"), device)?;
            training.tune(all, stage, before, &images, pooling, progress)?
        } else {
            training.run_in(all, stage, &images, None, pooling, device, progress)?
        };
        let steps = trained.history.len();
        let last = &trained.history[steps - steps.min(10)..];
        let loss = last.iter().map(|step| step.loss).sum::<f64>() / last.len().max(1) as f64;
        let by = match all.size() {
            1 => String::new(),
            size => format!(" by {size} processes"),
        };
        let steps = counted(steps, "step");
        Ok(format!("{steps} on {device:?}{by}, loss {loss:.3}{made_again}"))
    }

    /// Opens the folder of the training, or says why there is nothing to train.
    fn begin(&self, training: &Training, progress: &dyn Progress) -> Result<Begun> {
        let folder = self.project.path("model");
        let parameters = &self.parameters;
        let given = Record::file(&folder).exists() && Record::read(&folder)?.is::<Given>();
        match &parameters.model {
            Some(model) => return take(model, &folder, given).map(Begun::Nothing),
            None if given && !parameters.retrain => {
                return Ok(Begun::Nothing("given before".into()));
            }
            None if given => {
                let reason =
                    "holds a given model, which cannot be trained again; choose another output";
                return Err(Error::input(folder, reason));
            }
            None if self.is_untrained()? => return self.measure(progress).map(Begun::Nothing),
            None => {}
        }
        let store = self.store();
        let images = Images::open(&store)?;
        if training.is_finished(&images, &folder)? {
            let trained_on = Record::read(&folder)?.inputs.remove("images");
            if trained_on == Some(store.fingerprint()?) {
                return Ok(Begun::Nothing("done before".into()));
            }
            if !parameters.retrain {
                return Ok(Begun::Nothing("kept, although the songs have changed".into()));
            }
        }
        if let Some(stage) = training.open_tuning(&store, &images, &folder)? {
            return Ok(Begun::Tune(stage));
        }
        training.open(&store, &folder).map(Begun::Train)
    }
}

/// Takes a model that was trained elsewhere into the project, so that the project is whole by itself.
fn take(model: &ModelSource, folder: &Path, given: bool) -> Result<String> {
    if Record::file(folder).exists() && !given {
        let reason = "holds a model that was trained here, or what is in the place of one; leave --model out, or \
             choose another output";
        return Err(Error::input(folder, reason));
    }
    let stage = Stage::open(folder, 1, &Given { given: model.hash()? }, &[])?;
    if stage.state() == State::Done {
        return Ok("done before".into());
    }
    let content = model.content()?;
    write_atomic(stage.path(MODEL), |copy| copy.write_all(&content))?;
    stage.finish()?;
    Ok(format!("taken from {model}"))
}
