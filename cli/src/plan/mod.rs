//! `upwise plan`: what would be done to a picture, in words and as a file that `upwise upscale --plan` executes.

mod file;

use std::io::Seek;

use crate::args::plan::PlanArgs;
use crate::args::values::TargetSize;
use crate::digest::Digest;
use crate::failure::Failure;
use crate::inputs::{Place, is_same_file};
use crate::models::Wish;
use crate::output::{print, print_json, printable};
use crate::picture::encode::stored_layout;
use crate::picture::{Limits, PictureError, decode, save};
use crate::triage::{look, words};
use crate::upscale::{
    Extent, Forecast, Room, Router, engine_options, objection, passes, shrinking, shrunk_side,
};
pub use file::PlanFile;
use file::{Advice, PlanForecast, PlanStep, PlannedInput, SCHEMA, Settings};

/// The factor where neither the user nor triage says one.
const FACTOR: f64 = 4.0;

/// Runs the command.
pub fn run(args: &PlanArgs) -> Result<(), Failure> {
    let refused = |path: &std::path::Path| {
        let name = path.display().to_string();
        move |words| Failure::CannotWrite(format!("{name}: {words}"))
    };
    if let Some(path) = &args.plan {
        save::check_target(path, args.overwrite).map_err(refused(path))?;
        let input = Place::new(&args.input);
        if matches!(&input, Place::File(input) if is_same_file(path, input)) {
            return Err(Failure::Usage(format!(
                "{}: it is the input, and the plan would replace it; nothing was done. Name another file",
                path.display()
            )));
        }
    }
    let plan = plan(args)?;
    if let Some(path) = &args.plan {
        let mut text = serde_json::to_vec_pretty(&plan)
            .map_err(|error| Failure::Io(format!("{}: {error}", path.display())))?;
        text.push(b'\n');
        save::bytes_to_file(path, args.overwrite, &text)?;
    }
    match args.json {
        true => print_json(&plan),
        false => print(&words_of(&plan, args)),
    }
}

/// Decides it.
fn plan(args: &PlanArgs) -> Result<PlanFile, Failure> {
    let place = Place::new(&args.input);
    let name = place.name();
    let room = Room::new(&args.run.machine);
    let limits = Limits {
        pixels: args.max_input_pixels,
        bytes: room.memory,
    };
    let wish = Wish::new(args.run.model.as_deref(), &args.run.models)?;
    let options = engine_options(&args.run, room.engine)?;
    // Fails only if there is a pool already.
    let _ = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads)
        .build_global();
    let router = Router::new(wish, args.run.mode.tier(), options)?;

    let io = |error| Failure::decode(&name, PictureError::Io(error));
    let mut input = place.open(&limits)?;
    let (sha256, bytes) = Digest::read(&mut input).map_err(io)?;
    input.rewind().map_err(io)?;
    let picture = decode::decode(input, &limits).map_err(|error| Failure::decode(&name, error))?;
    let analysis = look::of(&picture, bytes).map_err(Failure::BadInput)?;
    let advised = analysis.decision.scale.map(f64::from);
    // Models that keep the size do so whatever is advised.
    let kept = match router.default_target() {
        TargetSize::Scale(1.0) => Some(1.0),
        _ => None,
    };
    let scale = args.scale.or(kept).or(advised).unwrap_or(FACTOR);

    let route = router.route(Some(&analysis), scale)?;
    let engine = |error| Failure::engine(&name, error);
    let shrink = route.fixes.iter().find_map(|fix| fix.shrink());
    let [across, down] = shrink.unwrap_or([1.0; 2]);
    let scaler = &*route.scaler;
    let (width, height) = (picture.width, picture.height);
    let whole = scaler
        .plan(width, height, TargetSize::Scale(scale), u64::MAX)
        .map_err(engine)?;
    let size = TargetSize::Size(whole.width, whole.height);
    let format = args.format.unwrap_or(picture.format.of_result());
    let extent = Extent {
        width: shrunk_side(width, across),
        height: shrunk_side(height, down),
        layout: picture.layout(),
    };
    let (planned, memory_bytes) = room.plan(scaler, &extent, size, format, &name)?;
    let alpha_varies = picture.alpha && picture.constant_alpha().is_none();
    let groups = passes(picture.colour, alpha_varies, scaler.channels()).len();
    let (stored, _) = stored_layout(format, picture.layout());
    let decision = &analysis.decision;
    Ok(PlanFile {
        schema: SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        input: PlannedInput {
            name: name.clone(),
            sha256,
            bytes,
            width,
            height,
        },
        advice: Advice {
            action: decision.action,
            confidence: decision.confidence,
            family: decision.family,
            reasons: decision
                .reasons
                .iter()
                .map(|reason| reason.sentence.clone())
                .collect(),
            objection: objection(decision, &route.fixes),
        },
        settings: Settings {
            steps: route
                .fixes
                .iter()
                .map(PlanStep::of)
                .collect::<Result<_, _>>()?,
            model: scaler.wish(),
            weights_sha256: scaler.weights()?,
            scale,
            self_ensemble: args.run.self_ensemble,
        },
        forecast: PlanForecast {
            width: planned.width,
            height: planned.height,
            passes: planned.passes,
            seconds: scaler.seconds_tried(planned.macs * groups as f64),
            memory_bytes,
            output_bytes: planned.width as u64
                * planned.height as u64
                * stored.pixel_bytes() as u64,
        },
    })
}

fn words_of(plan: &PlanFile, args: &PlanArgs) -> String {
    let (settings, forecast) = (&plan.settings, &plan.forecast);
    let mut lines = vec![format!(
        "{}  {}x{}, {}",
        printable(&plan.input.name),
        plan.input.width,
        plan.input.height,
        words::bytes(plan.input.bytes)
    )];
    let advice = &plan.advice;
    lines.push(format!(
        "  advice  {} (confidence {:.2}){}",
        words::action(advice.action),
        advice.confidence,
        match &advice.objection {
            Some(words) => format!(": {words}"),
            None => String::new(),
        }
    ));
    let steps: Vec<String> = settings
        .steps
        .iter()
        .map(|step| match step {
            PlanStep::Deblock { model, .. } => format!("deblock ({model})"),
            PlanStep::Denoise { model, .. } => format!("denoise ({model})"),
            PlanStep::Shrink { width, height } => shrinking([*width, *height]),
        })
        .chain([format!("upscale {}x", settings.scale)])
        .collect();
    lines.push(format!("  steps   {}", steps.join(" -> ")));
    let passes = match forecast.passes {
        0 | 1 => String::new(),
        passes => format!(", {passes} passes"),
    };
    let ensemble = match (settings.self_ensemble, settings.weights_sha256) {
        (true, Some(_)) => ", self-ensemble",
        _ => "",
    };
    lines.push(format!("  model   {}{passes}{ensemble}", settings.model));
    lines.push(format!("  result  {}x{}", forecast.width, forecast.height));
    let takes = Forecast {
        seconds: forecast.seconds,
        memory: forecast.memory_bytes,
        output: forecast.output_bytes,
    };
    lines.push(format!("  takes   {takes}"));
    if let Some(path) = &args.plan {
        let path = path.display();
        lines.push(format!("  next    upwise upscale --plan {path} IN..."));
    }
    lines.join("\n") + "\n"
}
