use std::path::Path;
use std::time::Instant;

use songscape_project::{Job, Progress, Project, write_csv};
use songscape_resnet::{EncoderConfig, Model, Origin};
use tch::{Device, Tensor};

use crate::batch::Batch;
use crate::checkpoint::{Checkpoint, Identity};
use crate::criterion::Criterion;
use crate::error::{Error, Result};
use crate::events::EventFile;
use crate::group::{self, Alone, Group};
use crate::hardness::Draw;
use crate::history::{self, Step};
use crate::optimizer::{AdamW, clip};
use crate::pairs::{PairSampler, Songs};
use crate::params::TrainParams;
use crate::resident::Resident;
use crate::validation::{self, Validation};

/// A trained network and the record of its training.
#[derive(Debug)]
pub struct Trained {
    /// The network after the last step.
    pub model: Model,
    /// Every step, those of earlier runs included.
    pub history: Vec<Step>,
    /// The scores of the held-out songs, if there are any.
    pub validations: Vec<Validation>,
    /// The numbers of the songs that were held out, ascending.
    pub held_out: Vec<usize>,
}

/// The state that changes from step to step.
struct Trainer<'a> {
    group: &'a dyn Group,
    songs: &'a Songs<'a>,
    params: &'a TrainParams,
    folder: &'a Path,
    device: Device,
    /// The songs on the device, where it is another one than the host and has room.
    resident: Option<Resident>,
    sampler: PairSampler,
    model: Model,
    optimizer: AdamW,
    criterion: Criterion,
    draw: Draw,
    history: Vec<Step>,
    held_out: Vec<usize>,
    validations: Vec<Validation>,
    /// The step of the last checkpoint.
    saved: Option<usize>,
}

/// Trains an encoder on pairs of random crops of songs.
///
/// Writes `model.safetensors`, `history.csv` and `checkpoints/step-N.safetensors` (the last two)
/// into the folder, each whole or not at all, and an event file that TensorBoard draws while it
/// grows. One training at a time may use the folder. If the folder has checkpoints of the same training, it
/// continues from the last one, on the CPU with the same bits as without an interruption (given the same
/// number of threads); a finished training is returned at once. Songs shorter than one crop are left out. A
/// batch has at most as many pairs as there are songs.
///
/// `origin` says what the caller knows of the images: their parameters, and the pooling that the vectors
/// are meant for. It is saved with the network, together with `params` and the version, so that images
/// with other parameters can be refused later ([`Model::check_images`]). `Origin::default()` records nothing of
/// the images.
///
/// On a GPU, if the images fit and no augmentation is used, they are kept and cropped in device memory
/// as bytes.
///
/// With [`TrainParams::held_out`], some songs, or whole [groups](Songs::grouped) of them, are excluded from
/// training and used for validation: metrics go to `validation.csv`, the best-scoring network to
/// `best.safetensors`, and the observer is told when the vectors of all songs have become alike.
///
/// # Errors
/// - [`Error::Parameter`], [`Error::Rows`], [`Error::TooFewSongs`]: nothing was started.
/// - [`Error::Diverged`]: the loss or the gradient is not finite; the last checkpoint is good.
/// - [`Error::OutOfMemory`]: a batch does not fit; says what fits, and what to set.
/// - [`Error::Interrupted`]: `progress.interrupted()` was true; the state is saved.
/// - [`Error::OtherTraining`]: the folder's checkpoints belong to another training.
/// - [`Error::Network`], [`Error::File`]: libtorch or the file system reported an error, or another training
///   holds the folder.
pub fn train(
    songs: &Songs,
    encoder: &EncoderConfig,
    params: &TrainParams,
    origin: Origin,
    device: Device,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<Trained> {
    train_in(&Alone, songs, encoder, params, origin, device, folder, progress)
}

/// [`train`] by several processes. Each has all songs and makes the same batches, runs its part of the pairs
/// through the network, judges the outputs of all, and all sum their gradients: the network is the same in
/// all after every step. [`TrainParams::pairs`] are those of all processes together, and each has at least
/// one. Only rank 0 reads and writes files; the others need no folder.
///
/// The same number of processes ends with the same bits. Two of them end with those of one process with
/// half of the pairs as [`TrainParams::chunk_pairs`], if the number of pairs is even; with more processes, sums
/// are rounded differently. Any number of processes can continue from a checkpoint; an observer is told when
/// it is another number.
///
/// An observer that asks to stop in any of the processes stops all of them, after the step that is being
/// done.
///
/// # Errors
/// As [`train`]; and
/// - [`Error::Parameter`]: there are fewer pairs than processes;
/// - [`Error::OtherRank`]: the processes do not have the same parameters and songs, or began with other weights;
/// - [`Error::Apart`]: they no longer have the same network, which is looked at with every checkpoint;
/// - [`Error::Group`]: they lost each other; the last checkpoint is good.
#[allow(clippy::too_many_arguments)] // those of `train`, and the group
pub fn train_in(
    group: &dyn Group,
    songs: &Songs,
    encoder: &EncoderConfig,
    params: &TrainParams,
    origin: Origin,
    device: Device,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<Trained> {
    encoder.check()?;
    let model = Model::new(encoder, device, params.seed)?;
    run(group, songs, model, None, params, origin, folder.as_ref(), progress)
}

/// Trains a network that is trained already on other songs, such as a library that has grown since: as
/// [`train_in`], but from its weights, which are the same in all processes. [`TrainParams::fine_tuning`] suits
/// it.
///
/// # Errors
/// As [`train_in`].
pub fn train_on(
    group: &dyn Group,
    songs: &Songs,
    model: Model,
    params: &TrainParams,
    origin: Origin,
    folder: impl AsRef<Path>,
    progress: &dyn Progress,
) -> Result<Trained> {
    let begun_with = model.fingerprint()?;
    run(group, songs, model, Some(begun_with), params, origin, folder.as_ref(), progress)
}

#[allow(clippy::too_many_arguments)] // those of `train_on`, and what it began with
fn run(
    group: &dyn Group,
    songs: &Songs,
    model: Model,
    begun_with: Option<String>,
    params: &TrainParams,
    origin: Origin,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Trained> {
    params.check()?;
    let encoder = &model.config().clone();
    if songs.rows() != encoder.rows {
        return Err(Error::Rows { found: songs.rows(), expected: encoder.rows });
    }
    if params.crop_columns < encoder.columns_per_vector() {
        return Err(Error::Parameter {
            field: "crop_columns",
            found: params.crop_columns.to_string(),
            expected: format!("at least {}", encoder.columns_per_vector()),
        });
    }
    let identity = Identity {
        encoder: encoder.clone(),
        params: params.clone(),
        songs: songs.fingerprint(),
        begun_with,
    };
    group::agree(group, &identity)?;
    let checkpoints = folder.join("checkpoints");
    let origin = Origin {
        songscape: Some(env!("CARGO_PKG_VERSION").into()),
        training: Some(serde_json::to_value(params).expect("numbers and names are JSON")),
        ..origin
    };
    let mut trainer = Trainer::new(group, songs, model.with_origin(origin), params, folder)?;
    // Two trainings in one folder would take turns in writing over each other.
    let _lock = trainer.writes().then(|| Project::open(&checkpoints)).transpose()?;
    let job = Job::begin(progress, "training", params.steps as u64, "steps");
    trainer.run(&identity, &checkpoints, &job)?;
    drop(job);
    if trainer.writes() {
        trainer.model.save(folder.join("model.safetensors"))?;
        write_csv(folder.join("history.csv"), &Step::COLUMNS, &trainer.history)?;
    }
    let Trainer { model, history, validations, held_out, .. } = trainer;
    Ok(Trained { model, history, validations, held_out })
}

impl<'a> Trainer<'a> {
    fn new(
        group: &'a dyn Group,
        songs: &'a Songs<'a>,
        model: Model,
        params: &'a TrainParams,
        folder: &'a Path,
    ) -> Result<Self> {
        let held_out = validation::held_out(songs, model.config(), params);
        let sampler = PairSampler::without(
            songs,
            &held_out,
            params.crop_columns,
            params.pairs,
            params.min_distance,
            params.seed,
        )?;
        if sampler.pairs() < group.size() {
            let (field, found) = ("pairs", sampler.pairs().to_string());
            let expected = format!("at least {}, the number of processes", group.size());
            return Err(Error::Parameter { field, found, expected });
        }
        let optimizer = AdamW::new(
            &model.parameters().flat(),
            params.beta1,
            params.beta2,
            params.weight_decay,
        )?;
        let criterion = Criterion::new(params, &model)?;
        let draw = Draw::new(params.sampling, &sampler);
        Ok(Self {
            group,
            songs,
            params,
            folder,
            device: model.device(),
            resident: None,
            sampler,
            model,
            optimizer,
            criterion,
            draw,
            history: Vec::new(),
            held_out,
            validations: Vec::new(),
            saved: None,
        })
    }

    /// Whether this process reads and writes files.
    fn writes(&self) -> bool {
        self.group.rank() == 0
    }

    /// The newest checkpoint, for all processes the one that rank 0 finds.
    fn newest(
        &self,
        identity: &Identity,
        folder: &Path,
        progress: &Job,
    ) -> Result<Option<Checkpoint>> {
        let skipped = |error: &Error| progress.message(&format!("checkpoint skipped: {error}"));
        let found = if self.writes() {
            Checkpoint::newest(folder, identity, self.device, skipped)?
        } else {
            None
        };
        let (found, bytes) = found.unzip();
        match (found, group::broadcast_bytes(self.group, bytes)?) {
            (None, Some(bytes)) => {
                Checkpoint::parse(folder, &bytes, identity, self.device).map(Some)
            }
            (found, _) => Ok(found),
        }
    }

    fn run(&mut self, identity: &Identity, folder: &Path, progress: &Job) -> Result<()> {
        if let Some(checkpoint) = self.newest(identity, folder, progress)? {
            self.restore(&checkpoint, folder)?;
            progress.advance(self.history.len() as u64);
            let (before, now) = (checkpoint.processes, self.group.size());
            if before != now {
                progress.message(&format!(
                    "the checkpoint was made by {before} processes, and {now} continue: sums are rounded differently"
                ));
            }
        }
        if self.history.len() == self.params.steps {
            return Ok(());
        }
        let (wanted, found) = (self.params.pairs, self.sampler.pairs());
        if found < wanted {
            progress.message(&format!("{found} songs: batches of {found} pairs, not {wanted}"));
        }
        if self.device != Device::Cpu && self.params.augment.is_none() {
            self.resident = match Resident::new(self.songs, self.device) {
                Ok(songs) => Some(songs),
                Err(error) if error.is_out_of_memory() => {
                    progress.message("the images do not fit on the device; crops are sent to it");
                    None
                }
                Err(error) => return Err(error),
            };
        }
        let mut events = if self.writes() {
            Some(EventFile::begin(self.folder, &self.history, &self.validations)?)
        } else {
            None
        };
        let before = self.history.last().map_or(0.0, |step| step.seconds);
        let start = Instant::now();
        while self.history.len() < self.params.steps {
            let done = self.history.len();
            // Several processes stop together, which costs them one more step.
            let stop = progress.interrupted();
            if stop && self.group.size() == 1 {
                self.save(folder, identity)?;
                return Err(Error::Interrupted { step: done });
            }
            let (mut step, stop) = self.step(done, stop)?;
            let stop = stop && done + 1 < self.params.steps;
            step.seconds = before + start.elapsed().as_secs_f64();
            self.history.push(step);
            if let Some(events) = &mut events {
                events.push(&step)?;
            }
            progress.advance(1);
            progress.message(&format!("loss {:.3}, accuracy {:.2}", step.loss, step.accuracy));
            let every = self.params.validate_every;
            if every > 0
                && (done + 1).is_multiple_of(every)
                && let Some(found) = self.validate(done + 1, progress)?
                && let Some(events) = &mut events
            {
                events.push_validation(&found, step.seconds)?;
            }
            let every = self.params.checkpoint_every;
            if stop || (every > 0 && (done + 1).is_multiple_of(every)) {
                self.save(folder, identity)?;
            }
            if stop {
                return Err(Error::Interrupted { step: done + 1 });
            }
        }
        self.save(folder, identity)
    }

    /// One batch: forward, backward, update; and whether any process asks to stop, as this one does or not.
    fn step(&mut self, step: usize, stop: bool) -> Result<(Step, bool)> {
        let (params, group) = (self.params, self.group);
        let pairs = self.draw.pairs(&self.sampler, step);
        let (resident, own) = (self.resident.as_ref(), group::share(group, pairs.len()));
        let own_pairs = own.len();
        let batch = Batch::new(self.songs, resident, &pairs, own, params, step, self.device);
        let (criterion, norm_weight) = (&self.criterion, self.criterion.norm_weight());
        let attempt = |group: &dyn Group, chunk| {
            let judge = |a: &Tensor, b: &Tensor| criterion.judge(group, a, b, &batch);
            batch.gradient(group, &self.model, chunk, norm_weight, stop, judge)
        };
        let outcome = match attempt(group, params.chunk_pairs) {
            Err(error) if error.is_out_of_memory() => {
                let at_once = if params.chunk_pairs == 0 { own_pairs } else { params.chunk_pairs };
                let pairs = at_once.min(own_pairs);
                // The other processes are not there for that.
                let fitting = fitting(pairs, |chunk| attempt(&Alone, chunk).is_ok());
                return Err(Error::OutOfMemory { pairs, fitting });
            }
            outcome => outcome?,
        };
        let (gradient, norm) = clip(outcome.gradient, params.clip_norm)?;

        // One transfer from the device for all of them.
        let figures = tch::no_grad(|| {
            let four = [outcome.loss, outcome.accuracy, norm, outcome.stops];
            Tensor::f_cat(&[Tensor::f_stack(&four, 0)?, outcome.costs], 0)
        })?;
        let figures: Vec<f64> = history::from_tensor(&figures.f_to_device(Device::Cpu)?, |[x]| x)?;
        let [loss, accuracy, gradient_norm, stops, ref costs @ ..] = figures[..] else {
            let text = format!("{} figures of a batch, expected at least 4", figures.len());
            return Err(tch::TchError::Shape(text).into());
        };
        let learning_rate = params.learning_rate_at(step);
        for (what, value) in [("loss", loss), ("gradient", gradient_norm)] {
            if !value.is_finite() {
                let (step, checkpoint) = (step + 1, self.saved);
                return Err(Error::Diverged {
                    step,
                    what,
                    learning_rate: params.learning_rate,
                    checkpoint,
                });
            }
        }
        self.optimizer.step(&self.model.parameters().flat(), &gradient, learning_rate)?;
        self.draw.record(&pairs, costs);
        self.criterion.follow(
            group,
            &batch,
            outcome.learned.as_ref(),
            learning_rate,
            &self.model,
        )?;
        let step = step + 1;
        let step = Step { step, loss, accuracy, gradient_norm, learning_rate, seconds: 0.0 };
        Ok((step, stops > 0.0))
    }

    /// Scores the network on the held-out songs, and keeps the best one.
    fn validate(&mut self, step: usize, progress: &Job) -> Result<Option<Validation>> {
        let (group, held_out) = (self.group, &self.held_out);
        let found = Validation::of(group, &self.model, self.songs, held_out, self.params, step)?;
        let Some(found) = found else { return Ok(None) };
        let best = self.validations.iter().map(|v| v.reciprocal_rank).fold(0.0, f64::max);
        self.validations.push(found);
        if self.writes() {
            if found.reciprocal_rank > best {
                self.model.save(self.folder.join("best.safetensors"))?;
            }
            write_csv(self.folder.join("validation.csv"), &Validation::COLUMNS, &self.validations)?;
        }
        let Validation { recall_1, alignment, uniformity, spread, .. } = found;
        progress.message(&if found.is_collapsed() {
            format!("step {step}: collapsed, the vectors of all songs are alike (spread {spread:.3})")
        } else {
            format!("held-out recall@1 {recall_1:.3}, alignment {alignment:.2}, uniformity {uniformity:.2}")
        });
        Ok(Some(found))
    }

    fn save(&mut self, folder: &Path, identity: &Identity) -> Result<()> {
        let step = self.history.len();
        if self.saved == Some(step) {
            return Ok(());
        }
        group::together(self.group, &self.model.parameters().flat(), step)?;
        if self.writes() {
            self.write(step, folder, identity)?;
        }
        self.saved = Some(step);
        Ok(())
    }

    fn write(&self, step: usize, folder: &Path, identity: &Identity) -> Result<()> {
        let moments = self.optimizer.moments().map(Tensor::shallow_clone);
        let criterion = self.criterion.state()?;
        let criterion =
            criterion.into_iter().map(|(name, tensor)| (name.to_owned(), tensor)).collect();
        let (history, validations) = (self.history.clone(), self.validations.clone());
        let song_losses = self.draw.to_tensor()?;
        let parameters = self.model.parameters().flat();
        let processes = self.group.size();
        let state = Checkpoint {
            step,
            parameters,
            moments,
            criterion,
            song_losses,
            history,
            validations,
            processes,
        };
        state.save(folder, identity)
    }

    fn restore(&mut self, checkpoint: &Checkpoint, folder: &Path) -> Result<()> {
        self.model.parameters_mut().set_flat(&checkpoint.parameters)?;
        let [first, second] = &checkpoint.moments;
        self.optimizer.restore([first, second], checkpoint.step)?;
        self.criterion.restore(|name| checkpoint.criterion(folder, name), checkpoint.step)?;
        self.draw.restore(checkpoint.song_losses.as_ref())?;
        self.saved = Some(checkpoint.step);
        self.history.clone_from(&checkpoint.history);
        self.validations.clone_from(&checkpoint.validations);
        Ok(())
    }
}

/// The first of a number's halves, quarters and so on for which something is true.
fn fitting(number: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    std::iter::successors(Some(number / 2), |n| Some(n / 2))
        .take_while(|n| *n > 0)
        .find(|n| fits(*n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_sought_by_halves() {
        assert_eq!(fitting(64, |n| n <= 20), Some(16));
        assert_eq!(fitting(3, |n| n <= 1), Some(1));
        assert_eq!(fitting(64, |_| false), None);
        assert_eq!(fitting(1, |_| true), None);
    }
}
