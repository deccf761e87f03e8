//! What all questions to the views have in common: their limits, pages by keyset, and conditions made of typed values.

use std::time::Duration;

use bson::{Bson, Document, doc};
use futures::TryStreamExt;
use mongodb::{Collection, options::ReadConcern};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{Attempt, DatabaseError};

/// How long the server may work on one question.
pub const READ_MAX: Duration = Duration::from_secs(5);

/// All of an answer is as of one moment, however long it takes to read.
#[must_use]
pub fn one_moment() -> ReadConcern {
    ReadConcern::snapshot()
}

/// The filter for documents by their ids. A single one the server finds without a plan.
#[must_use]
pub fn by_ids(ids: &[Bson]) -> Document {
    if let [id] = ids {
        doc! { "_id": id }
    } else {
        doc! { "_id": { "$in": ids } }
    }
}

/// A row in a list: the value that the list is sorted by, and what tells rows with the same value apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// A figure, or milliseconds where the list is sorted by time.
    pub sorted_by: i64,
    pub id: Uuid,
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Ascending,
    Descending,
}

/// What a list is sorted by, before the id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortKey {
    pub member: &'static str,
    pub kind: SortKind,
    pub direction: Direction,
}

/// How the member that a list is sorted by is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKind {
    Instant,
    Figure,
}

/// Which rows of a list make one page.
#[derive(Debug, Clone, Copy)]
pub struct Slice {
    /// The last row of the page before.
    pub after: Option<Place>,
    pub rows_max: u32,
}

/// The rows of one page, and where the next one starts.
#[derive(Debug)]
pub struct Rows<T> {
    pub data: Vec<T>,
    /// The last row of this page, when there are more.
    pub next: Option<Place>,
}

impl Slice {
    /// The same with one row more, by which it shows whether there is another page.
    #[must_use]
    pub fn and_one(self) -> Self {
        Self {
            rows_max: self.rows_max.saturating_add(1),
            ..self
        }
    }
}

impl<T> Rows<T> {
    /// Cuts off the row that [`Slice::and_one`] asked for.
    #[must_use]
    pub fn cut(mut data: Vec<T>, slice: Slice, place: impl Fn(&T) -> Place) -> Self {
        let rows_max = usize::try_from(slice.rows_max).unwrap_or(usize::MAX);
        let more = data.len() > rows_max;
        data.truncate(rows_max);
        let next = data.last().filter(|_| more).map(place);
        Self { data, next }
    }

    /// The same page of something else.
    #[must_use]
    pub fn map<U>(self, to: impl FnMut(T) -> U) -> Rows<U> {
        Rows {
            data: self.data.into_iter().map(to).collect(),
            next: self.next,
        }
    }
}

/// Conditions that all hold.
#[derive(Debug, Default)]
pub struct Conditions(Vec<Document>);

impl Conditions {
    /// The member has one of several values; no condition without values.
    #[must_use]
    pub fn any_of<T>(mut self, member: &str, values: &[T], to_value: impl Fn(&T) -> Bson) -> Self {
        let values: Vec<Bson> = values.iter().map(to_value).collect();
        if let [value] = &values[..] {
            self.0.push(doc! { member: { "$eq": value } });
        } else if !values.is_empty() {
            self.0.push(doc! { member: { "$in": values } });
        }
        self
    }

    /// The member lies in a half-open range, where either end may be open.
    #[must_use]
    pub fn within(mut self, member: &str, from: Option<Bson>, to: Option<Bson>) -> Self {
        let from = from.map(|from| doc! { member: { "$gte": from } });
        let to = to.map(|to| doc! { member: { "$lt": to } });
        self.0.extend(from.into_iter().chain(to));
        self
    }

    /// The member has every one of several values.
    #[must_use]
    pub fn all_of(mut self, member: &str, values: &[String]) -> Self {
        let each = values.iter().map(|value| doc! { member: { "$eq": value } });
        self.0.extend(each);
        self
    }

    /// The member has every one of several figures.
    #[must_use]
    pub fn all_figures(mut self, member: &str, figures: &[i64]) -> Self {
        let each = figures
            .iter()
            .map(|figure| doc! { member: { "$eq": figure } });
        self.0.extend(each);
        self
    }

    /// The member is true, or is false; no condition without a value.
    #[must_use]
    pub fn flag(mut self, member: &str, value: Option<bool>) -> Self {
        self.0
            .extend(value.map(|value| doc! { member: { "$eq": value } }));
        self
    }

    /// All conditions of one of these hold.
    #[must_use]
    pub fn either(mut self, alternatives: Vec<Self>) -> Self {
        let alternatives: Vec<Document> = alternatives.into_iter().map(Self::filter).collect();
        if !alternatives.is_empty() {
            self.0.push(doc! { "$or": alternatives });
        }
        self
    }

    /// The row comes after a place in a list.
    fn after(mut self, sort: SortKey, place: Place) -> Self {
        let (from, beyond) = match sort.direction {
            Direction::Ascending => ("$gte", "$gt"),
            Direction::Descending => ("$lte", "$lt"),
        };
        let at = match sort.kind {
            SortKind::Instant => Bson::DateTime(bson::DateTime::from_millis(place.sorted_by)),
            SortKind::Figure => Bson::Int64(place.sorted_by),
        };
        let id = Bson::from(bson::Uuid::from(place.id));
        let member = sort.member;
        // The first bounds the index, the second skips the rows with the same value.
        self.0.push(doc! { member: { from: at.clone() } });
        self.0
            .push(doc! { "$or": [{ member: { beyond: at } }, { "_id": { beyond: id } }] });
        self
    }

    /// The filter that the conditions make together.
    #[must_use]
    pub fn filter(self) -> Document {
        if self.0.is_empty() {
            doc! {}
        } else {
            doc! { "$and": self.0 }
        }
    }
}

impl SortKey {
    /// By the member, then by id.
    #[must_use]
    pub fn document(self) -> Document {
        let step = match self.direction {
            Direction::Ascending => 1,
            Direction::Descending => -1,
        };
        doc! { self.member: step, "_id": step }
    }
}

/// One page of a list.
///
/// # Errors
/// [`DatabaseError`] when MongoDB is away or too slow.
pub async fn page<T: DeserializeOwned + Send + Sync>(
    collection: &Collection<T>,
    conditions: Conditions,
    sort: SortKey,
    slice: Slice,
) -> Result<Vec<T>, DatabaseError> {
    let conditions = match slice.after {
        Some(place) => conditions.after(sort, place),
        None => conditions,
    };
    let attempt = "read a page of a list";
    collection
        .find(conditions.filter())
        .sort(sort.document())
        .limit(i64::from(slice.rows_max))
        .max_time(READ_MAX)
        .await
        .attempt(attempt)?
        .try_collect()
        .await
        .attempt(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_looks_like_an_operator_stays_a_value() {
        let text = |text: &&str| Bson::String((*text).to_owned());
        let filter = Conditions::default()
            .any_of("reference", &["{\"$ne\": null}"], text)
            .any_of("channel", &["$where", ".*"], text)
            .filter();
        assert_eq!(
            filter,
            doc! { "$and": [
                { "reference": { "$eq": "{\"$ne\": null}" } },
                { "channel": { "$in": ["$where", ".*"] } },
            ] }
        );
    }

    #[test]
    fn without_values_nothing_is_asked() {
        let none: [&str; 0] = [];
        let filter = Conditions::default()
            .any_of("channel", &none, |_| Bson::Null)
            .within("placed_at", None, None)
            .filter();
        assert_eq!(filter, doc! {});
    }
}
