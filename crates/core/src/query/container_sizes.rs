//! How large CPython makes lists, dicts and sets for so many items; measured on 3.10 to 3.14, x86-64.

/// A list's head with its GC header (cpython/listobject.h).
const LIST: u64 = 56;
/// A dict's head with its GC header (cpython/dictobject.h).
const DICT: u64 = 64;
/// A set's head with its GC header and the table of eight places that it begins with (cpython/setobject.h).
const SET: u64 = 216;
const SET_ENTRY: u64 = 16;

/// Bytes of a list made anew: `list(x)` rounds an odd count up, as the allocator does
/// (Objects/listobject.c, `list_preallocate_exact`).
pub(crate) fn list_size(items: u64) -> u64 {
    LIST + 8 * items.next_multiple_of(2)
}

/// How a dict's table is made: bytes of its head and of one entry (Objects/dictobject.c,
/// `_PyDict_KeysSize`): of names only from 3.11 on, of any keys, of any keys on 3.10.
const TABLES: [(u64, u64); 3] = [(32, 16), (32, 24), (40, 24)];

/// Bytes of a dict whose table has 2 to the power of `log` places; two thirds of them can be used.
fn dict_with_table(log: u32, (head, entry): (u64, u64)) -> u64 {
    let places = 1_u64 << log;
    let index = match log {
        ..8 => 1,
        8..16 => 2,
        16..32 => 4,
        _ => 8,
    };
    DICT + head + places * index + places * 2 / 3 * entry
}

/// Bytes of a dict of this size if it were made anew with so many items; `None` where no table of its own
/// has that size: it has none, or shares it.
pub(crate) fn dict_size_anew(size: u64, items: u64) -> Option<u64> {
    let table = TABLES.into_iter().find(|&table| (3..40).any(|log| dict_with_table(log, table) == size))?;
    (3..40).find(|&log| (1_u64 << log) * 2 / 3 >= items).map(|log| dict_with_table(log, table))
}

/// Bytes of a set made anew of another with so many items (Objects/setobject.c, `set_merge`).
pub(crate) fn set_size_anew(items: u64) -> u64 {
    // The table that it begins with does while less than three fifths of it are full.
    if items * 5 < 7 * 3 { SET } else { SET + (2 * items + 1).next_power_of_two().max(8) * SET_ENTRY }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_cpython() {
        // sys.getsizeof, GC header included: on 3.10.13, 3.11.7, 3.12.1, 3.13.0.
        assert_eq!([0, 1, 2, 3, 8].map(list_size), [56, 72, 72, 88, 120]);
        let names: Vec<u64> = [3, 4, 5, 6, 7, 8].iter().map(|&log| dict_with_table(log, TABLES[0])).collect();
        assert_eq!(names, [184, 272, 464, 832, 1584, 3328]);
        let any_3_10: Vec<u64> = [3, 4, 5, 6, 7, 8].iter().map(|&log| dict_with_table(log, TABLES[2])).collect();
        assert_eq!(any_3_10, [232, 360, 640, 1176, 2272, 4696]);
        assert_eq!([0, 4, 5, 16, 64].map(set_size_anew), [216, 216, 472, 1240, 4312]);
    }

    #[test]
    fn a_size_says_which_table_a_dict_has() {
        let mut sizes: Vec<u64> = TABLES.iter().flat_map(|&table| (3..40).map(move |log| dict_with_table(log, table))).collect();
        sizes.sort_unstable();
        assert!(sizes.windows(2).all(|pair| pair[0] != pair[1]));
        assert_eq!(dict_size_anew(832, 42), Some(832));
        assert_eq!(dict_size_anew(832, 21), Some(464));
        assert_eq!(dict_size_anew(1176, 3), Some(232));
        assert_eq!(dict_size_anew(64, 0), None);
    }
}
