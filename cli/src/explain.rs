//! What a plan decided, as a table for people and as JSON.

use std::fmt::Write;

use serde_json::{Value, json};
use upwise_engine::{Algorithm, Explanation, LayerPlan, Order};

/// The word for an algorithm.
fn algorithm(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Winograd => "winograd",
        Algorithm::Amx => "amx",
        Algorithm::Direct => "direct",
        _ => "other",
    }
}

/// The word for an order.
fn order(order: Order) -> &'static str {
    match order {
        Order::Frame => "frame",
        Order::Stream => "stream",
    }
}

/// `6x4`, or `8x3 12x2` for blocks of different widths, `2 of 6x4` for equal ones.
fn register_tiles(layer: &LayerPlan) -> String {
    let mut words: Vec<String> = Vec::new();
    for same in layer.register_tiles.chunk_by(|a, b| a == b) {
        let shape = format!("{}x{}", same[0].rows, same[0].vectors);
        words.push(match same.len() {
            1 => shape,
            n => format!("{n} of {shape}"),
        });
    }
    words.join(", ")
}

/// A line about the whole, then one for each convolution.
pub fn table(plan: &Explanation) -> String {
    let tiling = &plan.tiling;
    let cut = match tiling.tiles {
        1 => "in one piece".to_string(),
        n => format!(
            "{n} tiles of {}x{} and a halo of {}",
            tiling.width, tiling.height, tiling.halo
        ),
    };
    let kib = |bytes: u64| bytes.div_ceil(1 << 10);
    let mut text = format!(
        "plan     {}, {}, {} floats a vector; {}, {cut}; {} KiB of maps, {} KiB of weights\n\n\
         {:<28} {:>9} {:>6} {:>11}  {:<9} {:<16} {:>6} {:>8}\n",
        plan.isa,
        plan.precision,
        plan.lanes,
        order(plan.order),
        kib(plan.arena_bytes),
        kib(plan.packed_bytes),
        "layer",
        "channels",
        "kernel",
        "output",
        "algorithm",
        "rows x vectors",
        "cost",
        "weights",
    );
    for layer in &plan.layers {
        let kernel = match layer.stride {
            1 => format!("{0}x{0}", layer.kernel),
            stride => format!("{0}x{0}/{stride}", layer.kernel),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<28} {:>9} {kernel:>6} {:>11}  {:<9} {:<16} {:>5.1}% {:>4} KiB",
            layer.name,
            format!("{}>{}", layer.channels.0, layer.channels.1),
            format!("{}x{}", layer.size.0, layer.size.1),
            algorithm(layer.algorithm),
            register_tiles(layer),
            layer.cost_share * 100.0,
            kib(layer.packed_bytes),
        );
    }
    text
}

/// The same for scripts.
pub fn json(plan: &Explanation) -> Value {
    let layers: Vec<Value> = plan
        .layers
        .iter()
        .map(|layer| {
            let tiles = layer.register_tiles.iter();
            json!({
                "name": layer.name,
                "in_channels": layer.channels.0,
                "out_channels": layer.channels.1,
                "kernel": layer.kernel,
                "stride": layer.stride,
                "width": layer.size.0,
                "height": layer.size.1,
                "algorithm": algorithm(layer.algorithm),
                "register_tiles": tiles.map(|t| json!([t.rows, t.vectors])).collect::<Value>(),
                "cost_share": layer.cost_share,
                "packed_bytes": layer.packed_bytes,
            })
        })
        .collect();
    json!({
        "isa": plan.isa.to_string(),
        "precision": plan.precision.to_string(),
        "lanes": plan.lanes,
        "order": order(plan.order),
        "tiles": plan.tiling.tiles,
        "halo": plan.tiling.halo,
        "arena_bytes": plan.arena_bytes,
        "packed_bytes": plan.packed_bytes,
        "layers": layers,
    })
}
