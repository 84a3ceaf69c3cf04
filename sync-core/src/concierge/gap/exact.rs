//! Exact arithmetic for rates: fractions of whole numbers, compared by cross-multiplication and rounded once, half to even.
//!
//! [`Natural`] grows as needed, because a hundred items with denominators of their own have no common one that fits a machine word.

use std::cmp::Ordering;

/// Basis points of the whole.
pub const WHOLE_BP: u32 = 10_000;

/// `part / whole` in basis points, half to even; 0 where there is no whole. The part is at most the whole.
#[must_use]
pub fn basis_points(part: u128, whole: u128) -> u32 {
    round_bp(&Natural::from(part), &Natural::from(whole))
}

/// A natural number of any size, in digits of base 2³², the least first and none of them a leading zero.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Natural(Vec<u32>);

impl From<u128> for Natural {
    fn from(number: u128) -> Self {
        let digits = [0, 32, 64, 96].map(|shift| low(number >> shift));
        Self(digits.to_vec()).trimmed()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the lower digit is what is asked for"
)]
fn low(number: u128) -> u32 {
    number as u32
}

impl Natural {
    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }

    /// Whether it is 0.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let length = self.0.len().max(other.0.len()) + 1;
        let digit = |number: &Self, at: usize| u128::from(number.0.get(at).copied().unwrap_or(0));
        let mut carry = 0;
        let digits = (0..length).map(|at| {
            let sum = digit(self, at) + digit(other, at) + carry;
            carry = sum >> 32;
            low(sum)
        });
        Self(digits.collect()).trimmed()
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut digits = vec![0_u32; self.0.len() + other.0.len()];
        for (shift, one) in self.0.iter().enumerate() {
            let mut carry = 0_u128;
            let places = digits.iter_mut().skip(shift);
            let others = other.0.iter().copied().chain(std::iter::repeat(0));
            for (place, another) in places.zip(others) {
                let sum = u128::from(*place) + u128::from(*one) * u128::from(another) + carry;
                *place = low(sum);
                carry = sum >> 32;
            }
        }
        Self(digits).trimmed()
    }
}

impl Ord for Natural {
    fn cmp(&self, other: &Self) -> Ordering {
        let length = self.0.len().cmp(&other.0.len());
        length.then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `part / whole` in basis points, half to even. The part is at most the whole; 0 where there is no whole.
#[must_use]
pub fn round_bp(part: &Natural, whole: &Natural) -> u32 {
    if whole.is_zero() {
        return 0;
    }
    let scaled = part.times(&Natural::from(u128::from(WHOLE_BP)));
    let reaches = |points: u32| whole.times(&Natural::from(u128::from(points))) <= scaled;
    // The greatest number of points that is not too many.
    let (mut least, mut beyond) = (0, WHOLE_BP + 1);
    while beyond - least > 1 {
        let middle = least.midpoint(beyond);
        if reaches(middle) {
            least = middle;
        } else {
            beyond = middle;
        }
    }
    let twice = scaled.plus(&scaled);
    let half_above = whole.times(&Natural::from(u128::from(2 * least + 1)));
    match twice.cmp(&half_above) {
        Ordering::Less => least,
        Ordering::Equal => least + (least & 1),
        Ordering::Greater => (least + 1).min(WHOLE_BP),
    }
}

/// A share of something, from 0 to 1, in lowest terms; ordered by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: u32,
    whole: u32,
}

impl Share {
    /// `part / whole`; none where there is no whole, or where it is less than the part or too large to compare.
    #[must_use]
    pub fn new(part: u64, whole: u64) -> Option<Self> {
        if whole == 0 || part > whole {
            return None;
        }
        let divisor = common_divisor(part, whole);
        Some(Self {
            part: u32::try_from(part / divisor).ok()?,
            whole: u32::try_from(whole / divisor).ok()?,
        })
    }

    /// Numerator and denominator.
    #[must_use]
    pub fn parts(self) -> (u32, u32) {
        (self.part, self.whole)
    }

    /// What lies halfway between two shares; none where it is too fine to hold.
    #[must_use]
    pub fn midpoint(self, other: Self) -> Option<Self> {
        let cross = |one: u32, another: u32| u64::from(one).checked_mul(u64::from(another));
        let part = cross(self.part, other.whole)?.checked_add(cross(other.part, self.whole)?)?;
        let whole = cross(self.whole, other.whole)?.checked_mul(2)?;
        Self::new(part, whole)
    }

    /// In basis points, half to even.
    #[must_use]
    pub fn bp(self) -> u32 {
        basis_points(self.part.into(), self.whole.into())
    }
}

impl Ord for Share {
    fn cmp(&self, other: &Self) -> Ordering {
        let one = u64::from(self.part) * u64::from(other.whole);
        one.cmp(&(u64::from(other.part) * u64::from(self.whole)))
    }
}

impl PartialOrd for Share {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Where the true share of something lies with 95 % confidence, in basis points, rounded outward: Wilson's score interval.
///
/// With `z = 1.96`: `(k + z²/2 ± z·√(k(n−k)/n + z²/4)) / (n + z²)`, in whole numbers scaled by 10⁸. Of nothing tried, anything may be true.
#[must_use]
pub fn wilson_bp(successes: u64, tries: u64) -> (u32, u32) {
    /// z² and its parts, scaled by 10⁸.
    const SQUARE: u128 = 384_160_000;
    const SCALE: u128 = 100_000_000;
    let (k, n) = (u128::from(successes.min(tries)), u128::from(tries));
    if n == 0 {
        return (0, WHOLE_BP);
    }
    let center = k * SCALE + SQUARE / 2;
    let under_root = k * (n - k) * SCALE * SCALE / n + SQUARE / 4 * SCALE;
    // One more than the root's whole part, so that rounding widens.
    let spread = (under_root.isqrt() + 1) * 196 / 100 + 1;
    let whole = n * SCALE + SQUARE;
    let scaled = u128::from(WHOLE_BP);
    let low = center.saturating_sub(spread) * scaled / whole;
    let high = ((center + spread) * scaled).div_ceil(whole);
    let points = |bp: u128| u32::try_from(bp).unwrap_or(WHOLE_BP).min(WHOLE_BP);
    (points(low), points(high))
}

fn common_divisor(one: u64, other: u64) -> u64 {
    let (mut greater, mut lesser) = (other, one);
    while lesser != 0 {
        (greater, lesser) = (lesser, greater % lesser);
    }
    greater
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_basis_point_goes_to_the_even_one() {
        let check = |part, whole, points| assert_eq!(basis_points(part, whole), points);
        check(0, 5, 0);
        check(5, 5, 10_000);
        check(1, 3, 3_333);
        check(2, 3, 6_667);
        check(1, 20_000, 0);
        check(3, 20_000, 2);
        check(5, 20_000, 2);
        check(7, 20_000, 4);
        check(19_999, 20_000, 10_000);
        check(3, 0, 0);
        check(u128::MAX / 2, u128::MAX, 5_000);
    }

    #[test]
    fn natural_numbers_grow_as_school_teaches() {
        let number = |number: u128| Natural::from(number);
        let large = u128::from(u64::MAX);
        assert_eq!(number(large).times(&number(large)), number(large * large));
        assert_eq!(number(large).plus(&number(1)), number(large + 1));
        assert!(number(0).is_zero() && number(7).times(&number(0)).is_zero());
        let beyond = number(u128::MAX).times(&number(u128::MAX));
        assert!(beyond > number(u128::MAX));
        // (2^128 - 1)^2 / (2^128 - 1) comes back as the whole of itself.
        assert_eq!(round_bp(&beyond, &beyond), 10_000);
        let third = beyond.times(&number(3));
        assert_eq!(round_bp(&beyond, &third), 3_333);
    }

    #[test]
    fn an_interval_is_wilson_s_rounded_outward() {
        let check = |k, n, low, high| assert_eq!(wilson_bp(k, n), (low, high), "{k} of {n}");
        // 8 of 10: 49.016 % to 94.332 %; 0 of 10: 0 to 27.753 %; 50 of 100: 40.383 % to 59.617 %.
        check(8, 10, 4_901, 9_434);
        check(0, 10, 0, 2_776);
        check(50, 100, 4_038, 5_962);
        check(0, 0, 0, 10_000);
        assert!(wilson_bp(10, 10).1 >= 9_999);
        let (low, high) = wilson_bp(600_000, 1_000_000);
        assert!((5_989..6_000).contains(&low) && (6_001..=6_011).contains(&high));
    }

    #[test]
    fn shares_are_compared_exactly() {
        let share = |part, whole| Share::new(part, whole).unwrap();
        assert_eq!(share(2, 4), share(1, 2));
        assert!(share(333_333, 1_000_000) < share(1, 3));
        assert_eq!(Share::new(3, 2), None);
        assert_eq!(Share::new(0, 0), None);
    }
}
