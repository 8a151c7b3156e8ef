//! What actions, steps and measures are called in front of people.

use upwise_analyzer::report::{Action, Content, Decision, Family, Measure, Place, Score, Step};

/// Value from which on a score is good.
pub const GOOD: f32 = 0.6;
/// Value below which it is poor.
pub const POOR: f32 = 0.4;

/// The exit code of an action with `--exit-code`.
pub fn exit_code(action: Action) -> u8 {
    match action {
        Action::Upscale => 0,
        Action::FixFirst => 10,
        Action::Regenerate => 20,
        Action::Keep => 30,
        Action::Inspect => 40,
    }
}

/// An action in two words.
pub fn action(action: Action) -> &'static str {
    match action {
        Action::Upscale => "upscale",
        Action::FixFirst => "fix first",
        Action::Regenerate => "regenerate",
        Action::Keep => "keep",
        Action::Inspect => "inspect",
    }
}

/// What an action comes to, after its name.
pub fn consequence(decision: &Decision) -> String {
    let enlarge = |scale: f32| format!("{}x ({})", scale, family(decision.family));
    match (decision.action, decision.scale) {
        (Action::Upscale, Some(scale)) => format!(" {}", enlarge(scale)),
        (Action::Upscale, None) => format!(" ({})", family(decision.family)),
        (Action::FixFirst, Some(scale)) => format!(", then upscale {}", enlarge(scale)),
        (Action::FixFirst, None) => String::new(),
        (Action::Regenerate, _) => ": there is nothing to build on".into(),
        (Action::Keep, _) => " as it is: nothing is to be gained".into(),
        (Action::Inspect, Some(scale)) => {
            format!(
                ": the evidence does not decide; {} if it is to be enlarged",
                enlarge(scale)
            )
        }
        (Action::Inspect, None) => ": the evidence does not decide".into(),
    }
}

/// The action in capitals and what it comes to.
pub fn headline(decision: &Decision) -> String {
    action(decision.action).to_uppercase() + &consequence(decision)
}

/// A family as `-n` takes it.
pub fn family(family: Family) -> &'static str {
    match family {
        Family::Photo => "photo",
        Family::Camera => "camera",
        Family::Recover => "recover",
        Family::Art => "art",
        Family::Text => "text",
        Family::Nearest => "nearest",
    }
}

/// A kind of content.
pub fn content(content: Content) -> &'static str {
    match content {
        Content::Photo => "photo",
        Content::Art => "art",
        Content::Text => "text",
        Content::PixelArt => "pixel art",
        Content::Product => "product",
    }
}

/// A measure's short name.
pub fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::SubjectClarity => "subject",
        Measure::EdgePresence => "edges",
        Measure::Sharpness => "sharpness",
        Measure::Noise => "noise",
        Measure::Jpeg => "JPEG",
        Measure::TrueResolution => "true resolution",
        Measure::Light => "light",
        Measure::PixelArt => "pixel art",
        Measure::Composition => "composition",
        Measure::Content => "content",
        Measure::TextReadable => "text readable",
        Measure::TextValid => "text valid",
    }
}

/// Whether a high score is a merit. Of the others it only says how sure a kind is.
pub fn is_merit(measure: Measure) -> bool {
    !matches!(measure, Measure::PixelArt | Measure::Content)
}

/// Whether a score was measured and is good.
pub fn is_good(score: &Score) -> bool {
    score.value.is_some_and(|value| value >= GOOD)
}

/// A step in a few words.
pub fn step(step: &Step) -> String {
    match step {
        Step::Deblock => "deblock".into(),
        Step::Denoise => "denoise".into(),
        Step::Shrink { width, height } => format!("shrink to {width}x{height}"),
        Step::Lighten => "lighten".into(),
        Step::Deblur => "deblur".into(),
        Step::Crop { keep } => format!("crop to {}", place(keep)),
        Step::RemoveBackground => "remove the background".into(),
        Step::RemoveObject { place: at } => format!("remove what is at {}", place(at)),
        Step::Upscale { scale, .. } => format!("upscale {scale}x"),
        Step::Compress => "compress".into(),
    }
}

/// Whether upwise has no command for a step.
pub fn is_for_other_tools(step: &Step) -> bool {
    matches!(
        step,
        Step::Lighten
            | Step::Deblur
            | Step::Crop { .. }
            | Step::RemoveBackground
            | Step::RemoveObject { .. }
    )
}

/// A rectangle as `x,y WIDTHxHEIGHT`.
pub fn place(place: &Place) -> String {
    format!("{},{} {}x{}", place.x, place.y, place.width, place.height)
}

/// A number of bytes for people.
pub fn bytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes.div_ceil(1_000)),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
