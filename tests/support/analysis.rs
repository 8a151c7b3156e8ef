//! What holds for the analysis of any picture.

use upwise_analyzer::report::{Action, Analysis, Place, Status, Step};

/// Statuses fit, numbers are numbers, and places lie within the picture.
pub fn check(analysis: &Analysis) {
    let inside = |p: &Place| {
        p.width > 0
            && p.height > 0
            && p.x + p.width <= analysis.width
            && p.y + p.height <= analysis.height
    };
    assert_eq!(analysis.scores.len(), 12);
    for score in &analysis.scores {
        assert_eq!(
            score.value.is_some(),
            score.status == Status::Measured,
            "{score:?}"
        );
        if let Some(value) = score.value {
            // Reports print -0.0 as such.
            let sound = (0.0..=1.0).contains(&value) && value.is_sign_positive();
            assert!(sound, "{score:?}");
        }
        assert!(
            !score.sentence.is_empty() && score.places.iter().all(inside),
            "{score:?}"
        );
    }
    let decision = &analysis.decision;
    assert!((0.0..=1.0).contains(&decision.confidence));
    assert!(!decision.reasons.is_empty(), "{decision:?}");
    let reasons = &mut decision.reasons.iter();
    assert!(reasons.all(|reason| reason.place.as_ref().is_none_or(inside)));
    for step in &decision.steps {
        let sound = match step {
            Step::Shrink { width, height } => {
                (1..=analysis.width).contains(width) && (1..=analysis.height).contains(height)
            }
            Step::Crop { keep: place } | Step::RemoveObject { place } => inside(place),
            Step::Upscale { scale, .. } => (1.0..=8.0).contains(scale),
            _ => true,
        };
        assert!(sound, "{step:?}");
    }
    let enlarges = matches!(decision.action, Action::Upscale | Action::FixFirst);
    assert!(!enlarges || decision.scale.is_some_and(|s| (2.0..=8.0).contains(&s)));
    assert!((1..=3).contains(&analysis.inspect.len()));
    assert!(analysis.inspect.iter().all(|i| inside(&i.place)));
    for map in &analysis.maps {
        assert_eq!(map.cells.len(), map.columns * map.rows);
        assert!(
            map.cells.iter().all(|v| (0.0..=1.0).contains(v)),
            "{:?}",
            map.measure
        );
    }
    // NaN and infinity have no JSON: they would become null where a number belongs.
    let values = format!("{:?}", analysis.evidence);
    assert!(
        !values.contains("NaN") && !values.contains("inf"),
        "{values}"
    );
}
