//! Weight files that are damaged, cut or malicious: each must end in an error, none in a panic or in an
//! allocation that its header dictates.

mod support;

use proptest::prelude::*;
use support::data;
use support::hostile::{committed, read, refused, safetensors, zip, zip_with};
use upwise_engine::Error;
use upwise_engine::weights::StateDict;

#[test]
fn safetensors_headers() {
    let tensor = |shape: &str, from: u64, to: u64| {
        format!(r#"{{"w":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}}}"#)
    };
    let max = u64::MAX;
    refused(
        safetensors(&tensor("[4]", 0, 12), 16),
        "does not fit its offsets",
    );
    refused(
        safetensors(&tensor("[4]", 16, 0), 16),
        "does not fit its offsets",
    );
    refused(safetensors(&tensor("[4]", 0, 16), 12), "cut");
    refused(safetensors(&tensor("[4]", 0, 16), 20), "joined");
    refused(safetensors(&tensor("[4]", 4, 20), 20), "starts at 4");
    refused(
        safetensors(&tensor("[4611686018427387904,4]", 0, 16), 16),
        "does not fit",
    );
    refused(
        safetensors(&tensor("[4611686018427387903]", 0, max - 3), 16),
        "cut",
    );
    refused(
        safetensors(&tensor("[4611686018427387902]", 8, max - 7), 16),
        "does not fit",
    );
    refused(safetensors(&tensor("[-1]", 0, 4), 4), "not valid");
    refused(
        safetensors(&tensor("[1,1,1,1,1,1,1,1,1]", 0, 4), 4),
        "9 dimensions",
    );
    refused(
        safetensors(
            r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}"#,
            12,
        ),
        "tensor b starts at 4, but the one before it ends at 8",
    );
    // Sizes that wrap when they are added: eight tensors of 2^61 bytes.
    let many: Vec<_> = (0..8u64)
        .map(|i| {
            let (from, size) = (i << 61, 1u64 << 61);
            let to = from.wrapping_add(size).max(from);
            format!(r#""t{i}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{from},{to}]}}"#)
        })
        .collect();
    assert!(read(safetensors(&format!("{{{}}}", many.join(",")), 0)).is_err());
    refused(
        safetensors(
            r#"{"w":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}"#,
            4,
        ),
        "F7",
    );
    refused(
        safetensors(
            r#"{"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#,
            8,
        ),
        "no known",
    );
    refused(safetensors(r#"{"w":{"a":"b"}}"#, 0), "no type");
    refused(
        safetensors(
            r#"{"w\u001b[31m":{"dtype":"F32","shape":[1],"data_offsets":[0,5]}}"#,
            5,
        ),
        r"w\u{1b}[31m",
    );
    refused(safetensors(&"{\"a\":".repeat(100_000), 0), "not valid");
    refused(safetensors("{}", 0), "no known");

    for length in [17 << 20, u64::MAX, 1 << 63, u64::MAX - 7] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        refused(bytes, "claims a header");
    }
    refused(
        [&100u64.to_le_bytes()[..], b"{}"].concat(),
        "the file is cut",
    );
}

#[test]
fn files_of_other_kinds() {
    for (bytes, part) in [
        (&b""[..], "too short"),
        (b"abc", "too short"),
        (b"<!DOCTYPE html><html>", "web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "Git LFS",
        ),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0", "no known format"),
        (
            b"\x80\x04\x95\0\0\0\0\0\0\0\0K\x01.",
            "not one that torch.save wrote",
        ),
    ] {
        refused(bytes.to_vec(), part);
    }
}

#[test]
fn files_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let open = || StateDict::open(&path).map(|dict| dict.names().count());
    assert!(matches!(open(), Err(Error::Io { .. })));
    std::fs::create_dir(&path).unwrap();
    assert!(matches!(open(), Err(Error::Weights { .. })));
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, b"").unwrap();
    let text = open().unwrap_err().to_string();
    assert!(
        text.contains("model.onnx") && text.contains("empty"),
        "{text}"
    );
    // The first bytes decide, not the name.
    for name in FILES {
        std::fs::copy(data::committed(name), &path).unwrap();
        assert!(open().is_ok_and(|n| n > 4), "{name}");
    }
}

#[test]
fn zip_archives() {
    refused(zip(&[("readme.txt", b"hello")]), "no data.pkl");
    refused(
        zip(&[("data.pkl", b"}."), ("constants.pkl", b").")]),
        "TorchScript",
    );
    refused(
        zip(&[("data.pkl", b"}."), ("byteorder", b"big")]),
        "big-endian",
    );
    refused(
        zip(&[("data.pkl", b"}X\x05\0\0\0epochK\x03s.")]),
        "found: epoch",
    );
    let method = zip::CompressionMethod::Deflated;
    let packed = zip_with(&[("data.pkl", &[b'N'; 1000])], method);
    refused(packed, "compressed");
}

const FILES: [&str; 4] = [
    "compact-4x1-x2-relu.safetensors",
    "span-5-x3-slim.safetensors",
    "compact-8x2-x2.pth",
    "compact-8x2-x2-legacy.pth",
];

/// A cut file never passes: that is what an interrupted download leaves.
#[test]
fn truncation_is_always_found() {
    for name in FILES {
        let bytes = committed(name);
        assert!(read(bytes.clone()).is_ok(), "{name}");
        let step = bytes.len() / 500;
        for length in (0..bytes.len())
            .step_by(step)
            .chain(bytes.len() - 64..bytes.len())
        {
            assert!(
                read(bytes[..length].to_vec()).is_err(),
                "{name} cut to {length}"
            );
        }
    }
}

/// Tensors of the wrong shape, missing, foreign, or not finite.
#[test]
fn networks_that_do_not_fit_together() {
    let name = "compact-4x1-x2-relu.safetensors";
    let good = committed(name);
    let change = |from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let mut bytes = good.clone();
        let at = (0..bytes.len() - from.len())
            .find(|at| bytes[*at..].starts_with(from.as_bytes()))
            .expect("the text to change");
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        bytes
    };
    refused(
        change("[4,4,3,3]", "[2,8,3,3]"),
        "body.2.weight has shape [2, 8, 3, 3], expected [4, 4, 3, 3]",
    );
    refused(
        change("[4,3,3,3]", "[3,4,3,3]"),
        "no whole enlargement of 4",
    );
    refused(change("[12,4,3,3]", "[24,2,3,3]"), "body.4");
    refused(change("body.0.bias", "body.0.what"), "body.0.what");
    refused(
        change("act_type", "act_kind"),
        "act_type = relu or leakyrelu",
    );
    let mut bytes = good.clone();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::NAN.to_le_bytes());
    refused(bytes, "holds NaN");
}

proptest! {
    /// Flipped bytes and cuts: whatever comes of it, it is a result.
    #[test]
    fn damage_never_panics(
        file in 0..FILES.len(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        // Most damage goes to the parts that are parsed: the head, or a zip's tail.
        region in prop_oneof![Just((0, 2000)), Just((0, usize::MAX)), Just((usize::MAX, 3000))],
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = committed(FILES[file]);
        let length = bytes.len();
        let (from, span) = match region {
            (usize::MAX, tail) => (length.saturating_sub(tail), tail.min(length)),
            (from, span) => (from, span.min(length)),
        };
        for (index, value) in flips {
            bytes[from + index.index(span)] ^= value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(length));
        }
        let _ = read(bytes);
    }

    /// Bytes that never were a file, behind each container's first bytes.
    #[test]
    fn noise_never_panics(
        magic in prop::sample::select(vec![
            &b"PK\x03\x04"[..],
            b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
            b"\x40\0\0\0\0\0\0\0{",
            b"",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = read([magic, &noise].concat());
    }
}
