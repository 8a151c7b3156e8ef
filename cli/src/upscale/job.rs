//! One picture, once it is read, to its file.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use upwise_engine::{Error as EngineError, Rows};

use super::advice::{self, Obedience};
use super::console::{Console, Progress};
use super::deliver::Delivery;
use super::fixes;
use super::forecast::Forecast;
use super::jobs::Job;
use super::journal::{self, Receipt, Recipe};
use super::planes::{Merged, Pass, PictureRows, Quantiser, passes};
use super::reader::{Reader, Source, path_digest};
use super::report::{Done, Started};
use super::room::{Extent, Room};
use super::router::{Route, Router};
use super::scaler::{Plan, Scaler};
use super::space::{self, Coming};
use crate::args::values::TargetSize;
use crate::digest::Digest;
use crate::failure::Failure;
use crate::inputs::Place;
use crate::picture::encode::{Header, Options, lost_metadata, stored_layout};
use crate::picture::part::{Part, Unclaimed, folder_of};
use crate::picture::save::{self, RowSink, SaveError, Saved};
use crate::picture::{Layout, Picture, alpha, reason};
use crate::{interrupt, memory};

/// What all pictures of a run have in common.
pub struct Context<'a> {
    /// Chooses the network or filter.
    pub router: &'a Router,
    /// The size that is asked for.
    pub target: TargetSize,
    /// What becomes of every picture.
    pub delivery: &'a Delivery,
    /// Memory that there is for a picture.
    pub room: Room,
    /// What is done about advice against enlarging.
    pub obedience: Obedience,
    /// What read the pictures, and knows their journals.
    pub reader: &'a Reader,
    /// Where people read.
    pub console: &'a Console,
}

impl Context<'_> {
    /// Enlarges one picture. If it fails, there is no output. `spare` is told the memory that the picture leaves, as
    /// soon as that is known, and `started` what it will take.
    pub fn run(
        &self,
        job: &Job,
        source: Source,
        label: &str,
        spare: impl FnOnce(u64),
        started: impl FnOnce(Started) -> Result<(), Failure>,
    ) -> Result<Done, Failure> {
        let start = Instant::now();
        let input_name = job.input.name();
        let mut picture = source.picture;
        let format = job.format.unwrap_or(picture.format.of_result());
        self.delivery.check_format(format)?;
        // Of the picture as it came: what it is delivered for tells nothing of it.
        let seen = self.router.look(&picture, source.bytes, self.obedience)?;
        self.delivery
            .prepare(&mut picture, format, self.target)
            .map_err(|error| Failure::decode(&input_name, error))?;
        let mut warnings = std::mem::take(&mut picture.warnings);
        let factor = self.target.factor(picture.width, picture.height);
        let route = self.router.route(seen.as_ref(), factor)?;
        self.heed(&route, &input_name)?;
        let scaler = &*route.scaler;
        let (input_width, input_height) = (picture.width, picture.height);
        let target = if route.fixes.is_empty() {
            self.target
        } else {
            // What it asks for is of the picture as it came.
            let whole = scaler.plan(input_width, input_height, self.target, u64::MAX);
            let whole = whole.map_err(|error| Failure::engine(&input_name, error))?;
            TargetSize::Size(whole.width, whole.height)
        };
        for fix in &route.fixes {
            self.console
                .detail(&format!("{input_name}: {}", fix.name()));
            let options = self.router.options();
            picture = fixes::apply(fix, picture, options, &self.room, &input_name)?;
        }
        let extent = Extent {
            width: picture.width,
            height: picture.height,
            layout: picture.layout(),
        };
        let (plan, memory) = self
            .room
            .plan(scaler, &extent, target, format, &input_name)?;
        if self.router.options().self_ensemble && scaler.is_upright() {
            warnings.push(format!(
                "{} knows letters only as they stand: without -x it does better",
                scaler.name()
            ));
        }
        // A fix may have changed its proportions on the way.
        warnings.extend(stretch((input_width, input_height), target, &plan));
        let mut part = match &job.output {
            Place::File(path) => Some(claim(path, source.replace, job.make_folder)?),
            Place::Stream => None,
        };
        spare(self.room.memory.saturating_sub(memory));

        let constant_alpha = picture.constant_alpha();
        let alpha_varies = picture.alpha && constant_alpha.is_none();
        // Where pixels are repeated nothing looks across an edge.
        if alpha_varies && !scaler.repeats_pixels() {
            alpha::fill_hidden(&mut picture).map_err(|e| Failure::decode(&input_name, e))?;
        }
        let mut layout = picture.layout();
        // Transparency that hides nothing is no loss.
        if constant_alpha == Some(1.0) && !format.holds_alpha() {
            layout.alpha = false;
        }
        let asked = Layout {
            depth: self.delivery.depth.unwrap_or(layout.depth),
            ..layout
        };
        let (stored, lost) = stored_layout(format, asked);
        warnings.extend(lost);
        warnings.extend(lost_metadata(format, &picture.metadata));
        picture.metadata.set_size(plan.width, plan.height);
        for warning in &warnings {
            self.console.warning(&format!("{input_name}: {warning}"));
        }
        let passes = passes(picture.colour, alpha_varies, scaler.channels());
        let row_bytes = plan.width * stored.pixel_bytes();
        let output = row_bytes as u64 * plan.height as u64;
        let folder = match &job.output {
            Place::File(path) => folder_of(path),
            Place::Stream => std::env::temp_dir(),
        };
        let coming = Coming {
            picture: &picture,
            format,
            bytes: output,
            factor: plan.width as f64 / picture.width as f64,
            repeats_pixels: scaler.repeats_pixels(),
        };
        space::check(&folder, &input_name, &coming)?;
        let forecast = Forecast {
            seconds: scaler.seconds(plan.macs * passes.len() as f64),
            // Reading the picture may have taken more.
            memory: memory.max(memory::peak_rss().unwrap_or(0)),
            output,
        };
        let model = match &route.reason {
            Some(reason) => format!("{} ({reason})", scaler.name()),
            None => scaler.name().to_string(),
        };
        let passes_of = match plan.passes {
            0 | 1 => String::new(),
            passes => format!("{passes} passes of "),
        };
        let words = format!(
            "{input_name}: {} of {}x{} pixels to {}x{} by {passes_of}{model}; {forecast}",
            picture.format, picture.width, picture.height, plan.width, plan.height,
        );
        if forecast.is_long() {
            self.console.say(&words);
        } else {
            self.console.detail(&words);
        }
        started(Started {
            model: scaler.name().to_string(),
            width: plan.width,
            height: plan.height,
            forecast,
        })?;

        let options = Options {
            quality: self.delivery.quality,
            max_bytes: self.delivery.max_bytes,
            repetitive: scaler.repeats_pixels(),
        };
        let work = Work {
            scaler,
            picture: &picture,
            plan: &plan,
            passes,
            quantiser: Quantiser::new(
                layout.colour_channels() + usize::from(alpha_varies),
                constant_alpha.unwrap_or(1.0),
                stored,
            ),
            row_bytes,
            progress: self.console.progress(label),
        };
        let header = Header {
            width: plan.width,
            height: plan.height,
            layout: stored,
            metadata: &picture.metadata,
        };
        let produce = |sink: &mut RowSink| {
            work.produce(sink)
                .map_err(|error| Failure::engine(&input_name, error))
        };
        let output_name = job.output.name();
        let saved = match &mut part {
            Some(part) => save::to_part(part, format, &header, &options, produce),
            None => save::to_stream(&mut io::stdout().lock(), format, &header, &options, produce),
        };
        let Saved { bytes, quality } = saved.map_err(|error| match error {
            _ if interrupt::requested() => Failure::Interrupted,
            SaveError::Encode(error) => Failure::encode(&output_name, error),
            SaveError::Rows(failure) => failure,
        })?;
        if let Some(mut part) = part {
            if let Some((digest, length)) = source.file {
                self.add_receipt(job, (digest, length), &route, &plan, (&mut part, bytes))?;
            }
            part.finish(source.replace)
                .map_err(|words| Failure::CannotWrite(format!("{output_name}: {words}")))?;
        }
        work.progress.finish();
        Ok(Done {
            model: scaler.name().to_string(),
            input_width,
            input_height,
            width: plan.width,
            height: plan.height,
            format: format.suffix(),
            bytes,
            quality: format.has_quality().then_some(quality),
            passes: plan.passes,
            seconds: (source.time + start.elapsed()).as_secs_f64(),
            warnings,
        })
    }

    /// Does about triage's advice what was asked for.
    fn heed(&self, route: &Route, name: &str) -> Result<(), Failure> {
        let Some(decision) = &route.advice else {
            return Ok(());
        };
        match (advice::objection(decision, &route.fixes), self.obedience) {
            (None, _) | (_, Obedience::Force) => Ok(()),
            (Some(words), Obedience::Strict) => Err(advice::refusal(name, &words, decision)),
            (Some(words), Obedience::Warn) => {
                self.console
                    .warning(&format!("{name}: triage advises: {words}"));
                Ok(())
            }
        }
    }

    /// Writes down what is about to get its name.
    fn add_receipt(
        &self,
        job: &Job,
        (input_sha256, input_bytes): (Digest, u64),
        route: &Route,
        plan: &Plan,
        (part, output_bytes): (&mut Part, u64),
    ) -> Result<(), Failure> {
        let Some((journal, output)) = self.reader.journal(job) else {
            return Ok(());
        };
        let failure = |path: &Path, error: io::Error| {
            Failure::Io(format!("{}: {}", path.display(), reason(&error)))
        };
        let output_sha256 = part.digest().map_err(|error| failure(part.path(), error))?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let receipt = Receipt {
            schema: journal::SCHEMA.into(),
            output,
            output_sha256,
            output_bytes,
            input: journal::name_within(Path::new(""), &job.relative),
            input_sha256,
            input_bytes,
            input_path_sha256: path_digest(&job.input),
            recipe: Recipe {
                version: env!("CARGO_PKG_VERSION").into(),
                model: route.scaler.name().into(),
                weights_sha256: route.scaler.weights()?,
                settings: self.reader.settings.clone(),
            },
            reason: route.reason.clone(),
            width: plan.width,
            height: plan.height,
            time: now.map_or(0, |since| since.as_secs()),
        };
        journal
            .add(&receipt)
            .map_err(|error| failure(journal.path(), error))
    }
}

/// A warning if a picture is stretched.
fn stretch((width, height): (usize, usize), target: TargetSize, plan: &Plan) -> Option<String> {
    let stretch = (plan.width as f64 / width as f64) / (plan.height as f64 / height as f64);
    let stretched = matches!(target, TargetSize::Size(..)) && !(0.99..=1.01).contains(&stretch);
    stretched.then(|| {
        format!(
            "stretched: {width}x{height} and {}x{} have different proportions",
            plan.width, plan.height
        )
    })
}

/// The rows of one picture on their way to the encoder.
struct Work<'a> {
    scaler: &'a Scaler,
    picture: &'a Picture,
    plan: &'a Plan,
    passes: Vec<Pass>,
    quantiser: Quantiser,
    row_bytes: usize,
    progress: Progress,
}

impl Work<'_> {
    fn produce(&self, sink: &mut RowSink) -> Result<(), EngineError> {
        let scaler = self.scaler;
        // Passes run side by side, each of them as long as the others; in millionths.
        let shares: Vec<AtomicU32> = self.passes.iter().map(|_| AtomicU32::new(0)).collect();
        let observers: Vec<_> = (0..self.passes.len())
            .map(|i| {
                let shares = &shares;
                move |share: f64| {
                    shares[i].store((share * 1e6) as u32, Ordering::Relaxed);
                    let sum: u32 = shares.iter().map(|s| s.load(Ordering::Relaxed)).sum();
                    self.progress
                        .set(f64::from(sum) / 1e6 / shares.len() as f64);
                    if interrupt::requested() {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                }
            })
            .collect();
        let mut parts: Vec<(Pass, Box<dyn Rows + '_>)> = Vec::new();
        for (pass, observer) in self.passes.iter().zip(&observers) {
            let source = Box::new(PictureRows::new(self.picture, pass));
            let rows = scaler.network_rows(source, self.plan, observer)?;
            parts.push((pass.clone(), rows));
        }
        let merged = Box::new(Merged::new(parts));
        let mut rows = scaler.final_rows(merged, self.plan)?;
        let mut row = vec![0.0; rows.width() * rows.channels()];
        let mut bytes = vec![0; self.row_bytes];
        for y in 0..self.plan.height {
            rows.next_row(&mut row)?;
            self.quantiser.row(&row, &mut bytes)?;
            if interrupt::requested() {
                return Err(EngineError::Cancelled);
            }
            if !sink.push(&bytes) {
                // The encoder has failed and says why.
                return Err(EngineError::Cancelled);
            }
            if self.plan.passes == 0 {
                self.progress.set((y + 1) as f64 / self.plan.height as f64);
            }
        }
        Ok(())
    }
}

/// Makes the file that the output will be, before minutes are spent on its pixels: only trying tells whether it can be.
fn claim(path: &Path, replace: bool, make_folder: bool) -> Result<Part, Failure> {
    let failure = |words| Failure::CannotWrite(format!("{}: {words}", path.display()));
    if make_folder {
        let folder = folder_of(path);
        std::fs::create_dir_all(&folder).map_err(|error| {
            Failure::CannotWrite(format!("{}: {}", folder.display(), reason(&error)))
        })?;
        save::check_target(path, replace).map_err(failure)?;
    }
    Part::claim(path).map_err(|error| {
        let words = format!("{}: {error}", path.display());
        match error {
            Unclaimed::Busy => Failure::Busy(words),
            Unclaimed::Refused(_) => Failure::CannotWrite(words),
        }
    })
}
