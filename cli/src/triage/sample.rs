//! A picture and an analysis made up for tests: one of everything.

use upwise_analyzer::report::{
    Action, Analysis, Content, Decision, Evidence, Family, Inspect, Map, Measure, Place, Reason,
    Score, Status, Step,
};

use super::look::{Look, Timing};
use crate::picture::{Format, Metadata, Picture, Samples};

fn place(x: usize, y: usize, width: usize, height: usize) -> Place {
    Place {
        x,
        y,
        width,
        height,
    }
}

/// A slope of 1240x930 pixels, or what `picture` is, with what might be said of it.
pub fn look(picture: Option<Picture>) -> Look {
    let (width, height) = (1240, 930);
    let slope = |i: usize| (i / 3 % width * 255 / width) as u8;
    let picture = picture.unwrap_or_else(|| Picture {
        width,
        height,
        colour: true,
        alpha: false,
        samples: Samples::U8((0..width * height * 3).map(slope).collect()),
        format: Format::Jpeg,
        metadata: Metadata::default(),
        warnings: Vec::new(),
    });
    let scale = |x: usize, y: usize, w: usize, h: usize| {
        let across = |v: usize| v * picture.width / width;
        let down = |v: usize| v * picture.height / height;
        place(across(x), down(y), across(w).max(1), down(h).max(1))
    };
    let blocks = scale(412, 300, 180, 90);
    let scores = vec![
        Score::measured(Measure::SubjectClarity, 0.92, "subject clear")
            .at(vec![scale(250, 120, 640, 700)]),
        Score::measured(Measure::EdgePresence, 0.74, "edges soft but there"),
        Score::measured(Measure::Sharpness, 0.45, "nothing in it is quite sharp"),
        Score::measured(Measure::Noise, 0.88, "hardly any noise"),
        Score::measured(Measure::Jpeg, 0.31, "JPEG blocks: about quality 38").at(vec![blocks]),
        Score::measured(
            Measure::TrueResolution,
            0.38,
            "really 620x465 inside 1240x930: resampled about 2.0x",
        ),
        Score::measured(Measure::Light, 0.99, "light as it should be"),
        Score::measured(Measure::PixelArt, 0.02, "no pixel art"),
        Score::absent(
            Measure::Composition,
            Status::NotApplicable,
            "a product on plain ground has no horizon",
        ),
        Score::measured(Measure::Content, 0.81, "a product on a plain ground"),
        Score::measured(Measure::TextReadable, 0.88, "text readable")
            .at(vec![scale(420, 500, 210, 30), scale(420, 540, 180, 24)]),
        Score::absent(
            Measure::TextValid,
            Status::NotJudged,
            "whether letters are letters is not looked at yet",
        ),
    ];
    let (columns, rows) = (40, 30);
    let cell = |i: usize, (x, y): (f32, f32)| {
        let (dx, dy) = ((i % columns) as f32 - x, (i / columns) as f32 - y);
        (1.0 - (dx * dx + dy * dy).sqrt() / 9.0).max(0.0)
    };
    let map = |measure, at| Map {
        measure,
        side: 31,
        columns,
        rows,
        cells: (0..columns * rows).map(|i| cell(i, at)).collect(),
    };
    let decision = Decision {
        action: Action::FixFirst,
        confidence: 0.81,
        scale: Some(2.0),
        family: Family::Recover,
        steps: vec![
            Step::Deblock,
            Step::Shrink {
                width: 620,
                height: 465,
            },
            Step::Lighten,
            Step::Upscale {
                scale: 2.0,
                family: Family::Recover,
            },
            Step::Compress,
        ],
        reasons: vec![
            Reason {
                measure: Measure::Jpeg,
                sentence: "JPEG blocks: about quality 38, strongest here".into(),
                place: Some(blocks),
            },
            Reason {
                measure: Measure::TrueResolution,
                sentence: "really 620x465 inside 1240x930: resampled about 2.0x".into(),
                place: None,
            },
        ],
        not: vec!["4x: would stay below the quality line".into()],
        would_change: vec!["a copy that was saved fewer times would be enlarged 4x".into()],
    };
    let inspect = |what: &str, place| Inspect {
        what: what.into(),
        place,
    };
    let analysis = Analysis {
        width: picture.width,
        height: picture.height,
        decision,
        content: Content::Product,
        scores,
        inspect: vec![
            inspect("cap edge", scale(520, 110, 90, 60)),
            inspect("label line 2", scale(420, 540, 180, 24)),
            inspect("shadow under the bottle", scale(300, 800, 300, 60)),
        ],
        evidence: Evidence {
            noise_sigma: Some(1.3),
            jpeg_quality: Some(38.0),
            true_factor: Some([2.0, 1.98]),
            ..Evidence::default()
        },
        maps: vec![
            map(Measure::Jpeg, (16.0, 10.0)),
            map(Measure::Sharpness, (30.0, 22.0)),
            map(Measure::Noise, (5.0, 5.0)),
        ],
    };
    Look {
        picture,
        bytes: 211_804,
        analysis,
        probe: None,
        timing: Timing {
            decode: 9.5,
            analyze: 41.25,
            probe: None,
            total: 50.75,
        },
    }
}
