//! One cell at a time: sixty-four random bits become the text of a number or of a category.
//!
//! The shapes are those that captured features have: small and large counts, prices, ratios, a heavy tail, mostly
//! zeros. It does not know of rows or files.

/// SplitMix64 (Steele, Lea, Flood 2014), started anew for each record.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64, record: u64) -> Self {
        let mut random = Self(seed ^ record.wrapping_mul(0xd1b5_4a32_d192_ed03));
        random.next();
        random
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Sum of four uniform parts, a bell with mean 0; printed with four decimals, −13.1070 … 13.1070.
    Bell,
    /// 0 … 99, uniform.
    SmallCount,
    /// 0.000000 … 0.999999, uniform.
    Ratio,
    /// Pareto with exponent 1, six decimals, cut at a million.
    HeavyTail,
    /// 0 … 99,999,999, uniform.
    LargeCount,
    /// Zero three times in four, else a price with two decimals.
    MostlyZero,
    /// `n_values` texts, low numbers more frequent.
    Category { n_values: u64 },
}

/// How one column's cells look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    shape: Shape,
    has_gaps: bool,
    drifts: bool,
}

const CARDINALITIES: [u64; 10] = [2, 3, 5, 8, 12, 20, 40, 80, 120, 200];
const WORDS: [&str; 8] = [
    "northern", "eastern", "standard", "premium", "website", "southern", "trial", "mobile",
];

impl Column {
    /// The column at position `idx`; every third is categorical, every seventh has one empty cell in 128.
    pub(super) fn at(idx: usize) -> Self {
        let numeric = [
            Shape::Bell,
            Shape::SmallCount,
            Shape::Ratio,
            Shape::HeavyTail,
            Shape::LargeCount,
            Shape::MostlyZero,
        ];
        let shape = if idx % 3 == 2 {
            Shape::Category {
                n_values: CARDINALITIES[idx / 3 % CARDINALITIES.len()],
            }
        } else {
            numeric[(idx - idx / 3) % numeric.len()]
        };
        Self {
            shape,
            has_gaps: idx % 7 == 4,
            drifts: idx % 6 == 3 || idx % 12 == 5,
        }
    }

    /// Appends the cell that `bits` stand for.
    pub(super) fn write(&self, bits: u64, drifted: bool, out: &mut Vec<u8>) {
        if self.has_gaps && bits >> 57 == 0 {
            return;
        }
        let moved = u64::from(drifted && self.drifts);
        match self.shape {
            Shape::Bell => {
                let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
                write_decimal(sum as i64 - 131_070 + 20_000 * moved as i64, 4, out);
            }
            Shape::SmallCount => write_decimal((bits % (100 + 30 * moved)) as i64, 0, out),
            Shape::Ratio => write_decimal((bits % (1_000_000 - 200_000 * moved)) as i64, 6, out),
            Shape::HeavyTail => {
                let tail = (1_000_000 + 500_000 * moved) * 0xffff_ffff / ((bits & 0xffff_ffff) + 1);
                write_decimal(tail.min(1_000_000_000_000) as i64, 6, out);
            }
            Shape::LargeCount => write_decimal((bits % (100_000_000 - 20_000_000 * moved)) as i64, 0, out),
            Shape::MostlyZero if bits & 3 > moved => out.push(b'0'),
            Shape::MostlyZero => write_decimal((bits >> 2) as i64 % 50_000, 2, out),
            Shape::Category { n_values } => {
                let value = ((bits & 0xffff_ffff) % n_values).min((bits >> 32) % n_values);
                let value = if moved == 1 { n_values - 1 - value } else { value };
                out.extend_from_slice(WORDS[value as usize % WORDS.len()].as_bytes());
                if n_values > WORDS.len() as u64 {
                    out.push(b'-');
                    write_decimal(value as i64, 0, out);
                }
            }
        }
    }
}

/// Appends `scaled` / 10^`n_decimals`.
fn write_decimal(scaled: i64, n_decimals: usize, out: &mut Vec<u8>) {
    if scaled < 0 {
        out.push(b'-');
    }
    let mut digits = [b'0'; 24];
    let mut rest = scaled.unsigned_abs();
    let mut start = digits.len();
    while rest > 0 || digits.len() - start <= n_decimals {
        start -= 1;
        digits[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let point = digits.len() - n_decimals;
    out.extend_from_slice(&digits[start..point]);
    if n_decimals > 0 {
        out.push(b'.');
        out.extend_from_slice(&digits[point..]);
    }
}
