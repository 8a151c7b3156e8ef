//! The labels as a table: a row a case, for `fit.py` and `table.py`.

use std::fmt::Write;

use anyhow::Result;
use upwise_analyzer::report::{Action, Analysis};
use upwise_analyzer::{FileFacts, Raster, Samples, analyze, decision::features};

use crate::arms::{SCALES, all_weights};
use crate::degrade::Damaged;
use crate::ladder::Case;
use crate::plain::Plain;
use crate::sources::{Source, to_rgb8};
use crate::truth::Label;

/// Names of the columns.
pub fn header() -> String {
    let mut cells: Vec<String> = [
        "case", "split", "source", "group", "kind", "damage", "width", "height", "format", "bytes",
        "weights",
    ]
    .map(String::from)
    .into();
    for scale in SCALES {
        let parts = ["bicubic", "direct", "direct_arm", "chain", "chain_arm"];
        cells.extend(parts.map(|part| format!("u{scale}.{part}")));
    }
    let label = [
        "action",
        "scale",
        "works_2x",
        "works_4x",
        "gains",
        "fix_gains",
        "hopeless",
        "flips",
    ];
    cells.extend(label.map(String::from));
    cells.extend(Plain::NAMES.map(|name| format!("plain.{name}")));
    cells.extend(features::names().map(|name| format!("f.{name}")));
    cells.push("advice".into());
    cells.join("\t")
}

/// One case's row.
pub fn row(
    source: &Source,
    case: &Case,
    damaged: &Damaged,
    label: &Label,
    flips: [bool; 6],
) -> Result<String> {
    let format = if case.is_jpeg { "JPEG" } else { "PNG" };
    let (kind, damage, bytes) = (case.damage.kind, case.damage.words(), damaged.bytes);
    let mut row = format!(
        "{}\t{}\t{}\t{}\t{kind:?}\t{damage}\t{}\t{}\t{format}\t{bytes}\t{}",
        case.key,
        source.split.name(),
        source.name,
        source.group,
        case.width,
        case.height,
        all_weights(),
    );
    for best in &label.best {
        let ((direct, direct_arm), (chain, chain_arm)) = (&best.direct, &best.chain);
        write!(
            row,
            "\t{:.4}\t{direct:.4}\t{direct_arm}\t{chain:.4}\t{chain_arm}",
            best.bicubic
        )?;
    }
    let flags = [
        label.works[0],
        label.works[1],
        label.gains,
        label.fix_gains,
        label.hopeless,
    ]
    .map(u8::from);
    write!(row, "\t{}\t{}", label.action, label.scale)?;
    flags.iter().try_for_each(|flag| write!(row, "\t{flag}"))?;
    row.push('\t');
    row.extend(flips.map(|flip| if flip { '1' } else { '0' }));
    let plain = Plain::of(&damaged.picture);
    plain
        .values()
        .iter()
        .try_for_each(|value| write!(row, "\t{value:.4}"))?;
    let analysis = look(case, damaged)?;
    for value in features::features(&analysis.evidence, &analysis.scores) {
        row.push('\t');
        if let Some(value) = value {
            write!(row, "{value:.6}")?;
        }
    }
    let advice = match analysis.decision.action {
        Action::Upscale => "upscale",
        Action::FixFirst => "fix_first",
        Action::Regenerate => "regenerate",
        Action::Keep => "keep",
        Action::Inspect => "inspect",
    };
    write!(row, "\t{advice}")?;
    Ok(row)
}

/// What the analyzer says of the damaged picture, as it would of its file.
fn look(case: &Case, damaged: &Damaged) -> Result<Analysis> {
    let pixels = to_rgb8(&damaged.picture);
    let raster = Raster::new(case.width, case.height, 3, Samples::U8(&pixels))?;
    let facts = FileFacts {
        format: Some(if case.is_jpeg { "JPEG" } else { "PNG" }.into()),
        bytes: Some(damaged.bytes as u64),
        luma_quantisation: damaged.luma_quantisation.clone(),
    };
    Ok(analyze(&raster, &facts))
}
