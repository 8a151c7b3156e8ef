//! Photoshop image resources, of which one is IPTC: blocks of `8BIM`, a number, a name, a length and bytes, each
//! padded to an even length (Adobe Photoshop File Formats Specification, "Image Resource Blocks").

const SIGNATURE: &[u8] = b"8BIM";
/// The number of IPTC-IIM records.
const IPTC: u16 = 0x0404;

/// The IPTC records among these resources.
pub fn iptc(mut resources: &[u8]) -> Option<&[u8]> {
    loop {
        let rest = resources.strip_prefix(SIGNATURE)?;
        let number = u16::from_be_bytes(rest.get(..2)?.try_into().ok()?);
        let name = (1 + usize::from(*rest.get(2)?)).next_multiple_of(2);
        let at = 2 + name;
        let length = u32::from_be_bytes(rest.get(at..at + 4)?.try_into().ok()?);
        let length = usize::try_from(length).ok()?;
        let data = rest.get(at + 4..)?;
        if number == IPTC {
            return data.get(..length);
        }
        resources = data.get(length.checked_next_multiple_of(2)?..)?;
    }
}

/// Adds IPTC records that a file has outside of its resources, unless the resources have their own.
pub fn add_iptc(resources: &mut Option<Vec<u8>>, records: &[u8]) {
    if resources.as_deref().and_then(iptc).is_some() {
        return;
    }
    /// What every record starts with.
    const MARKER: u8 = 0x1c;
    let mut records = records.to_vec();
    if records.first() != Some(&MARKER) {
        // Stored as numbers of 32 bits by programs of the other byte order.
        records.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    }
    if records.first() != Some(&MARKER) {
        return;
    }
    let resources = resources.get_or_insert_default();
    resources.extend_from_slice(SIGNATURE);
    resources.extend_from_slice(&IPTC.to_be_bytes());
    resources.extend_from_slice(&[0; 2]);
    resources.extend_from_slice(&(records.len() as u32).to_be_bytes());
    resources.extend_from_slice(&records);
    if records.len() % 2 == 1 {
        resources.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORDS: &[u8] = b"\x1c\x02\x78\0\x04word";

    #[test]
    fn records_are_found_behind_other_resources() {
        let mut resources = Some(b"8BIM\x03\xed\x03abc\0\0\0\x03xyz\0".to_vec());
        add_iptc(&mut resources, RECORDS);
        let bytes = resources.clone().unwrap();
        assert_eq!(iptc(&bytes), Some(RECORDS));
        // A second time changes nothing.
        add_iptc(&mut resources, b"\x1cother");
        assert_eq!(resources, Some(bytes.clone()));
        for length in 0..bytes.len() {
            let _ = iptc(&bytes[..length]);
        }
    }

    #[test]
    fn swapped_records_are_put_right() {
        let mut resources = None;
        add_iptc(&mut resources, b"\0\x78\x02\x1crow\x04\0\0\0d");
        let bytes = resources.unwrap();
        assert_eq!(&iptc(&bytes).unwrap()[..5], b"\x1c\x02\x78\0\x04");
        let mut none = None;
        add_iptc(&mut none, b"no records");
        assert_eq!(none, None);
    }
}
