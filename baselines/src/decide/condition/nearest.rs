//! The known word that was probably meant. Does not know the grammar.

/// The nearest of `known` within a third of the word's letters (at least two), by Levenshtein distance.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = 2.max(word.chars().count() / 3);
    let ranked = known.into_iter().map(|name| (distance(word, name), name));
    let (found, name) = ranked.min()?;
    (found <= most && found < name.chars().count()).then_some(name)
}

/// Wagner and Fischer (1974), case ignored.
fn distance(a: &str, b: &str) -> usize {
    let letters = |text: &str| -> Vec<char> { text.to_lowercase().chars().collect() };
    let (a, b) = (letters(a), letters(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_near() {
        // python-Levenshtein 0.27.1: distance("drfit", "drift") = 2, distance("kitten", "sitting") = 3
        assert_eq!(
            (distance("drfit", "drift"), distance("kitten", "sitting")),
            (2, 3)
        );
        assert_eq!(nearest("drfit", ["quality", "drift"]), Some("drift"));
        assert_eq!(nearest("zebra", ["quality", "drift"]), None);
    }
}
