//! Parquet's packings of integers: hybrid runs and binary-packed differences.
//!
//! As the format's Encodings.md says them: RLE / bit-packing hybrid (RLE = 3), and
//! DELTA_BINARY_PACKED = 5 (after Lemire and Boytsov: Decoding billions of integers per second, 2015).

/// Values in a row that are worth a run of their own.
const RUN: usize = 16;
/// Differences in a block, and in one of its four parts.
const BLOCK: usize = 128;
const PART: usize = 32;

/// Bits that a value up to `highest` takes.
pub(super) fn width_of(highest: u32) -> u8 {
    (u32::BITS - highest.leading_zeros()) as u8
}

/// Appends a number in bytes of seven bits, the lowest first (LEB128).
fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zigzag(out: &mut Vec<u8>, number: i32) {
    varint(out, u64::from((number.wrapping_shl(1) ^ (number >> 31)) as u32));
}

/// Appends numbers of `width` bits each, the lowest first, and zeros up to a multiple of `multiple` numbers.
fn pack(out: &mut Vec<u8>, numbers: &[u32], multiple: usize, width: u8) {
    let end = out.len() + (numbers.len().next_multiple_of(multiple) * usize::from(width)).div_ceil(8);
    out.reserve(end - out.len() + 8);
    let mut gathered = 0_u64;
    let mut bits = 0;
    for &number in numbers {
        gathered |= u64::from(number) << bits;
        bits += u32::from(width);
        if bits >= 32 {
            out.extend_from_slice(&(gathered as u32).to_le_bytes());
            gathered >>= 32;
            bits -= 32;
        }
    }
    out.extend_from_slice(&(gathered as u32).to_le_bytes());
    out.resize(end, 0);
}

/// Appends numbers as runs of equal ones and, between these, packed in groups of eight. O(numbers).
pub(super) fn hybrid(out: &mut Vec<u8>, numbers: &[u32], width: u8) {
    let packed = |out: &mut Vec<u8>, part: &[u32]| {
        if !part.is_empty() {
            varint(out, (part.len().div_ceil(8) as u64) << 1 | 1);
            pack(out, part, 8, width);
        }
    };
    let (mut pending, mut at) = (0, 0);
    while let Some(&number) = numbers.get(at) {
        let run = numbers[at..].iter().take_while(|&&other| other == number).count();
        let end = at + run;
        // What is packed before a run must fill its last group: the run gives what is missing.
        let from = pending + (at - pending).next_multiple_of(8);
        if from < end && end - from >= RUN {
            packed(out, &numbers[pending..from]);
            varint(out, ((end - from) as u64) << 1);
            out.extend_from_slice(&number.to_le_bytes()[..usize::from(width).div_ceil(8)]);
            pending = end;
        }
        at = end;
    }
    packed(out, &numbers[pending..]);
}

/// Appends numbers as their differences, packed in blocks. O(numbers).
pub(super) fn differences(out: &mut Vec<u8>, numbers: &[u32]) {
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / PART) as u64);
    varint(out, numbers.len() as u64);
    let Some((&first, rest)) = numbers.split_first() else {
        zigzag(out, 0);
        return;
    };
    zigzag(out, first as i32);
    let mut before = first;
    let mut steps = [0_u32; BLOCK];
    for block in rest.chunks(BLOCK) {
        let steps = &mut steps[..block.len()];
        for (step, &number) in steps.iter_mut().zip(block) {
            *step = number.wrapping_sub(before);
            before = number;
        }
        let least = steps.iter().map(|&step| step as i32).min().unwrap_or_default();
        for step in steps.iter_mut() {
            *step = step.wrapping_sub(least as u32);
        }
        zigzag(out, least);
        let widths = out.len();
        out.extend_from_slice(&[0; BLOCK / PART]);
        for (at, part) in steps.chunks(PART).enumerate() {
            let width = width_of(part.iter().fold(0, |all, step| all | step));
            out[widths + at] = width;
            pack(out, part, PART, width);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packings_are_as_the_format_says() {
        let bytes = |numbers: &[u32], width| {
            let mut out = Vec::new();
            hybrid(&mut out, numbers, width);
            out
        };
        // The example of Encodings.md.
        assert_eq!(bytes(&[0, 1, 2, 3, 4, 5, 6, 7], 3), [3, 0x88, 0xc6, 0xfa]);
        assert_eq!(bytes(&[4; 100], 3), [200, 1, 4]);
        assert_eq!(bytes(&[&[1, 0, 1][..], &[1; 21]].concat(), 1), [3, 0b1111_1101, 32, 1]);
        let mut out = Vec::new();
        differences(&mut out, &[7, 5, 3, 1, 2, 3, 4, 5]);
        // The example of Encodings.md: least difference -2, the rest 0 0 0 3 3 3 3 in 2 bits.
        assert_eq!(out, [128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0]);
    }
}
