//! Processors that have AVX-512 but only one port for its multiply-adds.
//!
//! There a 512-bit multiply-add occupies the ports of two 256-bit ones (ports 0 and 1 fused), so that AVX-512 does
//! no more of them than AVX2 while its use may lower the clock: *Intel 64 and IA-32 Architectures Optimization
//! Reference Manual*, the chapter on Intel AVX-512, "Servers with a single FMA unit", and the descriptions of the
//! Ice Lake client microarchitecture. No CPUID bit tells. What follows is the field "# of AVX-512 FMA Units" of
//! Intel's product specifications (ARK), by model number and, where one die is sold both ways, by brand string.
//!
//! Hypervisors report model numbers that are not the processor's: a Granite Rapids server was seen as model 0xa7, Rocket
//! Lake. What has AMX is a server with two ports whatever its number says; no client processor has it.
//!
//! A processor that is not listed counts as having two. That includes Xeon D-2100, about which sources disagree:
//! AVX2 on two ports would lose half of the speed, AVX-512 on one loses little. AMD's processors are not listed
//! because those that split 512-bit operations (Zen 4) do so at an unchanged clock and save instructions.

/// What CPUID says of a processor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Processor {
    /// `GenuineIntel` and the like.
    pub vendor: String,
    /// Display family: base and extended.
    pub family: u32,
    /// Display model: base and extended.
    pub model: u32,
    /// Such as `Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz`.
    pub brand: String,
    /// Whether it has matrix tiles (AMX-TILE).
    pub amx: bool,
}

/// Client processors, one port each: Cannon Lake, Ice Lake (two), Tiger Lake (two), Rocket Lake, and Alder Lake (two)
/// where its firmware left AVX-512 on.
const ONE_PORT_MODELS: [u32; 8] = [0x66, 0x7d, 0x7e, 0x8c, 0x8d, 0xa7, 0x97, 0x9a];
/// Skylake-X, Skylake-SP, Cascade Lake and Cooper Lake, sold with one port or two.
const SKYLAKE_SERVER: u32 = 0x55;
/// Xeon Gold 51xx and 52xx with two ports, against their series.
const TWO_PORT_GOLD: [&str; 2] = ["5122", "5222"];

/// Whether 512-bit multiply-adds have a single port.
pub(crate) fn single_512_bit_fma(processor: &Processor) -> bool {
    if processor.vendor != "GenuineIntel" || processor.family != 6 || processor.amx {
        return false;
    }
    if processor.model != SKYLAKE_SERVER {
        return ONE_PORT_MODELS.contains(&processor.model);
    }
    let mut words = processor.brand.split_whitespace();
    let series = words.find(|word| ["Bronze", "Silver", "Gold", "Platinum"].contains(word));
    let number: String = words
        .next()
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    match series {
        Some("Bronze" | "Silver") => true,
        // 53xx is Cooper Lake, of which all have two.
        Some("Gold") => {
            (number.starts_with("51") || number.starts_with("52"))
                && !TWO_PORT_GOLD.contains(&number.as_str())
        }
        _ => false,
    }
}

#[cfg(target_arch = "x86_64")]
impl Processor {
    /// The processor that this runs on.
    pub fn this() -> Processor {
        use std::arch::x86_64::{__cpuid, __cpuid_count};
        let text = |registers: &[u32]| {
            let bytes: Vec<u8> = registers.iter().flat_map(|r| r.to_le_bytes()).collect();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            text.trim_matches(['\0', ' ']).to_string()
        };
        let first = __cpuid(0);
        let signature = __cpuid(1).eax;
        let (family, model) = (signature >> 8 & 0xf, signature >> 4 & 0xf);
        let (more_family, more_model) = (signature >> 20 & 0xff, signature >> 16 & 0xf);
        let brand = if __cpuid(0x8000_0000).eax >= 0x8000_0004 {
            let parts = [0x8000_0002, 0x8000_0003, 0x8000_0004].map(__cpuid);
            let registers = parts.iter().flat_map(|p| [p.eax, p.ebx, p.ecx, p.edx]);
            text(&registers.collect::<Vec<u32>>())
        } else {
            String::new()
        };
        Processor {
            vendor: text(&[first.ebx, first.edx, first.ecx]),
            family: if family == 0xf {
                family + more_family
            } else {
                family
            },
            model: if matches!(family, 6 | 0xf) {
                more_model << 4 | model
            } else {
                model
            },
            brand,
            amx: first.eax >= 7 && __cpuid_count(7, 0).edx >> 24 & 1 == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ports(vendor: &str, family: u32, model: u32, brand: &str) -> u32 {
        let processor = Processor {
            vendor: vendor.into(),
            family,
            model,
            brand: brand.into(),
            amx: false,
        };
        if single_512_bit_fma(&processor) { 1 } else { 2 }
    }

    #[test]
    fn skylake_servers_by_their_brand() {
        for (brand, expected) in [
            ("Intel(R) Xeon(R) Bronze 3104 CPU @ 1.70GHz", 1),
            ("Intel(R) Xeon(R) Silver 4110 CPU @ 2.10GHz", 1),
            ("Intel(R) Xeon(R) Silver 4216 CPU @ 2.10GHz", 1),
            ("Intel(R) Xeon(R) Gold 5118 CPU @ 2.30GHz", 1),
            ("Intel(R) Xeon(R) Gold 5218R CPU @ 2.10GHz", 1),
            ("Intel(R) Xeon(R) Gold 5122 CPU @ 3.60GHz", 2),
            ("Intel(R) Xeon(R) Gold 5222 CPU @ 3.80GHz", 2),
            ("Intel(R) Xeon(R) Gold 5318H CPU @ 2.50GHz", 2),
            ("Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz", 2),
            ("Intel(R) Xeon(R) Platinum 8175M CPU @ 2.50GHz", 2),
            ("Intel(R) Xeon(R) W-2123 CPU @ 3.60GHz", 2),
            ("Intel(R) Core(TM) i7-7800X CPU @ 3.50GHz", 2),
            ("Intel(R) Xeon(R) CPU @ 2.00GHz", 2), // as hypervisors hide it
            ("", 2),
        ] {
            assert_eq!(ports("GenuineIntel", 6, 0x55, brand), expected, "{brand}");
        }
    }

    #[test]
    fn others_by_their_model() {
        for (vendor, family, model, brand, expected) in [
            (
                "GenuineIntel",
                6,
                0x66,
                "Intel(R) Core(TM) i3-8121U CPU @ 2.20GHz",
                1,
            ),
            (
                "GenuineIntel",
                6,
                0x7e,
                "Intel(R) Core(TM) i7-1065G7 CPU @ 1.30GHz",
                1,
            ),
            (
                "GenuineIntel",
                6,
                0x8c,
                "11th Gen Intel(R) Core(TM) i7-1165G7 @ 2.80GHz",
                1,
            ),
            (
                "GenuineIntel",
                6,
                0xa7,
                "11th Gen Intel(R) Core(TM) i9-11900K @ 3.50GHz",
                1,
            ),
            // Ice Lake and later servers have two, whatever their series.
            (
                "GenuineIntel",
                6,
                0x6a,
                "Intel(R) Xeon(R) Silver 4310 CPU @ 2.10GHz",
                2,
            ),
            ("GenuineIntel", 6, 0x8f, "Intel(R) Xeon(R) Bronze 3408U", 2),
            (
                "GenuineIntel",
                6,
                0xcf,
                "INTEL(R) XEON(R) PLATINUM 8581C CPU @ 2.10GHz",
                2,
            ),
            // The same numbers of another maker or family.
            (
                "AuthenticAMD",
                25,
                0x11,
                "AMD EPYC 9654 96-Core Processor",
                2,
            ),
            ("AuthenticAMD", 6, 0x7e, "", 2),
            ("GenuineIntel", 19, 0x7e, "", 2),
        ] {
            assert_eq!(ports(vendor, family, model, brand), expected, "{brand}");
        }
    }

    /// A hypervisor may give a server the number of a client, but not its tiles to a client.
    #[test]
    fn a_server_by_its_tiles() {
        let mut processor = Processor {
            vendor: "GenuineIntel".into(),
            family: 6,
            model: 0xa7,
            brand: "Intel(R) Xeon(R) Processor".into(),
            amx: true,
        };
        assert!(!single_512_bit_fma(&processor));
        processor.amx = false;
        assert!(single_512_bit_fma(&processor));
    }

    /// What CPUID gives is put together as the kernel's own report has it.
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    #[test]
    fn this_processor_agrees_with_the_system() {
        let report = std::fs::read_to_string("/proc/cpuinfo").unwrap();
        let field = |name: &str| {
            let line = report
                .lines()
                .find(|line| line.split(':').next().unwrap().trim() == name);
            line.unwrap().split_once(':').unwrap().1.trim().to_string()
        };
        let this = Processor::this();
        assert_eq!(this.vendor, field("vendor_id"));
        assert_eq!(this.family.to_string(), field("cpu family"));
        assert_eq!(this.model.to_string(), field("model"));
        assert_eq!(this.brand, field("model name"));
        let flags = field("flags");
        assert_eq!(this.amx, flags.split(' ').any(|f| f == "amx_tile"));
    }
}
