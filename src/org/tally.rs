//! How many rows each chunk has, summed up: which chunk the n-th row is in, and how many rows are before a chunk,
//! both in logarithmic time.

/// A Fenwick tree of counts. Entry `i` (from 1) is the sum of the last `i & -i` counts up to count `i - 1`.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    sums: Vec<u32>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { sums: vec![0] }
    }
}

impl Tally {
    /// Appends a count of 0.
    pub(super) fn push(&mut self) {
        // The lowest bit says which earlier counts the new entry covers.
        let position = self.sums.len();
        let first_covered = position - lowest_bit(position);
        let mut sum = 0;
        let mut inner = position - 1;
        while inner > first_covered {
            sum += self.sums[inner];
            inner -= lowest_bit(inner);
        }
        self.sums.push(sum);
    }

    /// Adds 1 to a count.
    pub(super) fn increment(&mut self, index: usize) {
        self.change(index, |sum| sum + 1);
    }

    /// Takes 1 from a count, which is above 0.
    pub(super) fn decrement(&mut self, index: usize) {
        self.change(index, |sum| sum - 1);
    }

    fn change(&mut self, index: usize, by: impl Fn(u32) -> u32) {
        let mut position = index + 1;
        while let Some(sum) = self.sums.get_mut(position) {
            *sum = by(*sum);
            position += lowest_bit(position);
        }
    }

    /// The sum of the counts before this one.
    pub(super) fn before(&self, index: usize) -> usize {
        let mut position = index;
        let mut sum = 0;
        while position > 0 {
            sum += self.sums[position] as usize;
            position -= lowest_bit(position);
        }
        sum
    }

    /// Which count the `nth` (from 0) falls into, and how far; there are more than `nth`.
    pub(super) fn find(&self, nth: usize) -> (usize, usize) {
        let mut position = 0;
        let mut left = nth;
        let mut step = (self.sums.len() - 1).checked_ilog2().map_or(0, |bits| 1_usize << bits);
        while step > 0 {
            if let Some(&sum) = self.sums.get(position + step)
                && sum as usize <= left
            {
                position += step;
                left -= sum as usize;
            }
            step /= 2;
        }
        (position, left)
    }
}

const fn lowest_bit(position: usize) -> usize {
    position & position.wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_places_agree_with_a_plain_list() {
        let mut tally = Tally::default();
        let mut plain: Vec<usize> = Vec::new();
        let mut draw = 12_345_u32;
        for step in 0..400 {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let index = (draw >> 8) as usize % plain.len().max(1);
            match draw >> 30 {
                0 => {
                    tally.push();
                    plain.push(0);
                }
                1 if !plain.is_empty() && plain[index] > 0 => {
                    tally.decrement(index);
                    plain[index] -= 1;
                }
                _ if !plain.is_empty() => {
                    tally.increment(index);
                    plain[index] += 1;
                }
                _ => {}
            }
            let all = plain.iter().enumerate();
            let places: Vec<_> =
                all.flat_map(|(index, &count)| (0..count).map(move |nth| (index, nth))).collect();
            let found: Vec<_> = (0..places.len()).map(|nth| tally.find(nth)).collect();
            assert_eq!(found, places, "after step {step}");
            for index in 0..=plain.len() {
                assert_eq!(tally.before(index), plain[..index].iter().sum::<usize>(), "after step {step}");
            }
        }
    }
}
