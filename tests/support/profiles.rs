//! ICC profiles of version 4 (ICC.1:2010), made from published numbers.

/// Colorants of Display P3, adapted to D50, as in the profile that Apple ships.
pub const DISPLAY_P3: [[f64; 3]; 3] = [
    [0.51512, 0.24120, -0.00105],
    [0.29198, 0.69225, 0.04189],
    [0.15710, 0.06657, 0.78407],
];
/// Those of Adobe RGB (1998).
pub const ADOBE_RGB: [[f64; 3]; 3] = [
    [0.60974, 0.31111, 0.01947],
    [0.20528, 0.62567, 0.06087],
    [0.14919, 0.06322, 0.74457],
];
/// Those of sRGB (IEC 61966-2-1).
pub const SRGB: [[f64; 3]; 3] = [
    [0.43607, 0.22249, 0.01392],
    [0.38515, 0.71687, 0.09708],
    [0.14307, 0.06061, 0.71410],
];

/// The curve of sRGB as a parametric curve of type 3: g, a, b, c, d.
const SRGB_CURVE: [f64; 5] = [2.4, 1.0 / 1.055, 0.055 / 1.055, 1.0 / 12.92, 0.04045];

/// Name and profile: `p3`, `adobe`, `srgb` and `grey`.
pub fn all() -> [(&'static str, Vec<u8>); 4] {
    [
        ("p3", rgb("Display P3", &DISPLAY_P3, curve(3, &SRGB_CURVE))),
        (
            "adobe",
            rgb("Adobe RGB (1998)", &ADOBE_RGB, curve(0, &[563.0 / 256.0])),
        ),
        (
            "srgb",
            rgb("sRGB IEC61966-2.1", &SRGB, curve(3, &SRGB_CURVE)),
        ),
        ("grey", grey("Grey gamma 2.2", curve(0, &[2.2]))),
    ]
}

/// The profile of this name.
pub fn named(name: &str) -> Vec<u8> {
    let found = all().into_iter().find(|(other, _)| *other == name);
    found.expect("a known profile").1
}

/// A colour of 8 bits from one RGB space with the curve of sRGB to another, by the definition (IEC 61966-2-1).
pub fn convert(colour: [u16; 3], from: &[[f64; 3]; 3], to: &[[f64; 3]; 3]) -> [u16; 3] {
    let light = colour.map(|v| match f64::from(v) / 255.0 {
        v if v <= 0.04045 => v / 12.92,
        v => ((v + 0.055) / 1.055).powf(2.4),
    });
    let xyz = [0, 1, 2].map(|row| (0..3).map(|c| from[c][row] * light[c]).sum::<f64>());
    // Cramer's rule for the shares of the other space's colorants.
    let determinant = |m: [[f64; 3]; 3]| {
        let minor = |a: usize, b: usize| m[1][a] * m[2][b] - m[1][b] * m[2][a];
        m[0][0] * minor(1, 2) - m[0][1] * minor(0, 2) + m[0][2] * minor(0, 1)
    };
    [0, 1, 2].map(|channel| {
        let mut replaced = *to;
        replaced[channel] = xyz;
        let light = (determinant(replaced) / determinant(*to)).clamp(0.0, 1.0);
        let encoded = match light {
            v if v <= 0.003_130_8 => 12.92 * v,
            v => 1.055 * v.powf(1.0 / 2.4) - 0.055,
        };
        (encoded * 255.0).round() as u16
    })
}

fn rgb(name: &str, colorants: &[[f64; 3]; 3], curve: Vec<u8>) -> Vec<u8> {
    let mut tags = common(name);
    for (tag, colorant) in [b"rXYZ", b"gXYZ", b"bXYZ"].into_iter().zip(colorants) {
        tags.push((tag, xyz(colorant)));
    }
    for tag in [b"rTRC", b"gTRC", b"bTRC"] {
        tags.push((tag, curve.clone()));
    }
    profile(b"RGB ", &tags)
}

fn grey(name: &str, curve: Vec<u8>) -> Vec<u8> {
    let mut tags = common(name);
    tags.push((b"kTRC", curve));
    profile(b"GRAY", &tags)
}

type Tags = Vec<(&'static [u8; 4], Vec<u8>)>;

fn common(name: &str) -> Tags {
    vec![
        (b"desc", text(name)),
        (b"cprt", text("CC0")),
        (b"wtpt", xyz(&[0.9642, 1.0, 0.8249])),
    ]
}

fn fixed(value: f64) -> [u8; 4] {
    ((value * 65536.0).round() as i32).to_be_bytes()
}

fn xyz(values: &[f64; 3]) -> Vec<u8> {
    let mut data = b"XYZ \0\0\0\0".to_vec();
    values.iter().for_each(|&v| data.extend(fixed(v)));
    data
}

fn curve(kind: u16, parameters: &[f64]) -> Vec<u8> {
    let mut data = b"para\0\0\0\0".to_vec();
    data.extend(kind.to_be_bytes());
    data.extend([0; 2]);
    parameters.iter().for_each(|&v| data.extend(fixed(v)));
    data
}

fn text(words: &str) -> Vec<u8> {
    let wide: Vec<u8> = words.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut data = b"mluc\0\0\0\0\0\0\0\x01\0\0\0\x0cenUS".to_vec();
    data.extend((wide.len() as u32).to_be_bytes());
    data.extend(28u32.to_be_bytes());
    data.extend(wide);
    data
}

fn profile(space: &[u8; 4], tags: &Tags) -> Vec<u8> {
    let mut table = (tags.len() as u32).to_be_bytes().to_vec();
    let mut data = Vec::new();
    for (name, content) in tags {
        let at = 128 + 4 + 12 * tags.len() + data.len();
        table.extend_from_slice(*name);
        table.extend((at as u32).to_be_bytes());
        table.extend((content.len() as u32).to_be_bytes());
        data.extend_from_slice(content);
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut header = vec![0; 128];
    let length = (128 + table.len() + data.len()) as u32;
    header[..4].copy_from_slice(&length.to_be_bytes());
    header[8..12].copy_from_slice(&[4, 0x30, 0, 0]);
    header[12..16].copy_from_slice(b"mntr");
    header[16..20].copy_from_slice(space);
    header[20..24].copy_from_slice(b"XYZ ");
    header[24..36].copy_from_slice(&[7, 0xe8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    header[36..40].copy_from_slice(b"acsp");
    for (i, value) in [0.9642, 1.0, 0.8249].into_iter().enumerate() {
        header[68 + 4 * i..72 + 4 * i].copy_from_slice(&fixed(value));
    }
    [header, table, data].concat()
}
