//! The engine under test, fed with the reference's maps.

use super::reference::Map;
use upwise_engine::network::Network;
use upwise_engine::{Engine, EngineOptions, Image, Isa, Precision};

/// Options that tests vary.
pub fn options(isa: Isa, threads: usize, tile: Option<usize>) -> EngineOptions {
    EngineOptions {
        isa,
        precision: Precision::F32,
        threads,
        tile,
        max_memory: None,
        self_ensemble: false,
    }
}

/// Instruction sets and precisions that this machine can run.
pub fn arithmetics() -> Vec<(Isa, Precision)> {
    let all = Isa::available().into_iter().flat_map(|isa| {
        let precisions = [Precision::F32, Precision::Bf16].into_iter();
        precisions.map(move |precision| (isa, precision))
    });
    all.filter(|(isa, precision)| precision.check(*isa).is_ok())
        .collect()
}

/// A reference map as a picture: channels last.
pub fn image(map: &Map) -> Image {
    let pixels = map.width * map.height;
    let data = (0..pixels * map.channels)
        .map(|i| {
            let (pixel, c) = (i / map.channels, i % map.channels);
            map.at(c, pixel / map.width, pixel % map.width) as f32
        })
        .collect();
    Image::new(map.width, map.height, map.channels, data).expect("a picture")
}

/// A picture as a reference map.
pub fn map(image: &Image) -> Map {
    Map::from_fn(
        image.channels(),
        image.height(),
        image.width(),
        |c, y, x| image.row(y)[x * image.channels() + c].into(),
    )
}

/// One pass of `network` over `input`.
pub fn run(network: &Network, input: &Image, options: &EngineOptions) -> Image {
    let engine = Engine::from_network(network, options).expect("an engine");
    engine.run(input, None).expect("an output")
}
