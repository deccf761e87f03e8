//! What a search finds an order by: whole words of its number, references, tracking numbers and SKUs, in lower case.
//! A word is a text as it stands, and each of its parts between signs; so `CA-2017-152156` is found by itself and by
//! `152156`. Names of customers are not among them: those are searched where they are kept.

/// Parts of a text that are shorter find too much.
const PART_CHARS_MIN: usize = 3;
/// Most parts of one document; whole texts are always kept, because filters rely on them.
const PARTS_MAX: usize = 100;

/// The words of some texts: sorted, each once.
pub fn words<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut words: Vec<String> = texts.map(normalised).collect();
    let parts: Vec<String> = words.iter().flat_map(|whole| parts(whole)).collect();
    words.extend(parts.into_iter().take(PARTS_MAX));
    words.sort_unstable();
    words.dedup();
    words
}

fn parts(whole: &str) -> impl Iterator<Item = String> {
    whole
        .split(|sign: char| !sign.is_alphanumeric())
        .filter(|part| part.chars().count() >= PART_CHARS_MIN)
        .map(str::to_owned)
}

/// How a word is kept and looked for.
#[must_use]
pub fn normalised(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whole_and_by_its_parts() {
        let found = words(["CA-2017-152156", " PO 77 ", "x"].into_iter());
        assert_eq!(found, ["152156", "2017", "ca-2017-152156", "po 77", "x"]);
    }

    #[test]
    fn parts_are_bounded_and_whole_texts_are_not() {
        let texts: Vec<String> = (0..600).map(|number| format!("SKU {number:04}")).collect();
        let found = words(texts.iter().map(String::as_str));
        assert!(texts.iter().all(|text| found.contains(&normalised(text))));
        assert!(found.len() <= 600 + PARTS_MAX);
    }
}
