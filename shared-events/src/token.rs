//! The consistency token: the coordinates a caller has seen or written, as one opaque text.
//! A reader that waits for it sees at least those events.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{Coordinate, Epoch, Position, Shard, ShardCount};

/// A set of coordinates, at most one per shard (the furthest).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConsistencyToken {
    shards: BTreeMap<Shard, (Epoch, Position)>,
}

/// The text is no token that the command service has given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a consistency token")]
pub struct InvalidToken;

impl ConsistencyToken {
    /// Adds a coordinate; of two in one shard the later history, then the later position stays.
    pub fn add(&mut self, coordinate: Coordinate) {
        let seen = (coordinate.epoch, coordinate.position);
        self.shards
            .entry(coordinate.shard)
            .and_modify(|known| *known = (*known).max(seen))
            .or_insert(seen);
    }

    /// Adds every coordinate of another token.
    pub fn merge(&mut self, other: &Self) {
        other
            .coordinates()
            .for_each(|coordinate| self.add(coordinate));
    }

    pub fn coordinates(&self) -> impl Iterator<Item = Coordinate> {
        self.shards
            .iter()
            .map(|(&shard, &(epoch, position))| Coordinate {
                epoch,
                shard,
                position,
            })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shards.is_empty()
    }

    /// Reads the value of one header: one token, or several joined by commas.
    ///
    /// # Errors
    /// [`InvalidToken`] when any part is not a token.
    pub fn parse_list(text: &str) -> Result<Self, InvalidToken> {
        let mut all = Self::default();
        for part in text.split(',') {
            all.merge(&part.trim().parse()?);
        }
        Ok(all)
    }
}

impl From<Coordinate> for ConsistencyToken {
    fn from(coordinate: Coordinate) -> Self {
        let mut token = Self::default();
        token.add(coordinate);
        token
    }
}

impl fmt::Display for ConsistencyToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut plain = String::from("1");
        for (shard, (epoch, position)) in &self.shards {
            write!(plain, " {epoch}.{shard}.{position}")?;
        }
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl FromStr for ConsistencyToken {
    type Err = InvalidToken;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_malformed| InvalidToken)?;
        let plain = str::from_utf8(&plain).map_err(|_malformed| InvalidToken)?;
        let mut parts = plain.split(' ');
        if parts.next() != Some("1") {
            return Err(InvalidToken);
        }
        let mut token = Self::default();
        for part in parts.take(usize::from(ShardCount::MAX) + 1) {
            token.add(parse_coordinate(part).ok_or(InvalidToken)?);
        }
        // A token that is not spelled as we spell it was not made by us.
        if token.to_string() == text {
            Ok(token)
        } else {
            Err(InvalidToken)
        }
    }
}

fn parse_coordinate(text: &str) -> Option<Coordinate> {
    let mut numbers = text.split('.');
    let coordinate = Coordinate {
        epoch: Epoch(numbers.next()?.parse().ok()?),
        shard: Shard(numbers.next()?.parse().ok()?),
        position: Position(numbers.next()?.parse().ok()?),
    };
    numbers.next().is_none().then_some(coordinate)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: u32, shard: u16, position: u64) -> Coordinate {
        Coordinate {
            epoch: Epoch(epoch),
            shard: Shard(shard),
            position: Position(position),
        }
    }

    #[test]
    fn a_token_keeps_the_furthest_coordinate_of_each_shard() {
        let mut token = ConsistencyToken::from(at(1, 3, 7));
        token.add(at(1, 3, 5));
        token.add(at(1, 9, 1));
        let read: ConsistencyToken = token.to_string().parse().unwrap();
        assert_eq!(
            read.coordinates().collect::<Vec<_>>(),
            [at(1, 3, 7), at(1, 9, 1)]
        );
    }

    #[test]
    fn several_tokens_are_read_from_one_header() {
        let header = format!(
            "{}, {}",
            ConsistencyToken::from(at(1, 1, 2)),
            ConsistencyToken::from(at(1, 2, 4))
        );
        assert_eq!(
            ConsistencyToken::parse_list(&header)
                .unwrap()
                .coordinates()
                .count(),
            2
        );
    }

    #[test]
    fn rubbish_is_no_token() {
        let reordered = URL_SAFE_NO_PAD.encode("1 1.2.3 1.1.3");
        for bad in [
            "",
            "x",
            "%%%",
            &URL_SAFE_NO_PAD.encode("2 1.1.1"),
            &URL_SAFE_NO_PAD.encode("1 1.1"),
            &reordered,
        ] {
            assert!(
                bad.parse::<ConsistencyToken>().is_err(),
                "{bad} was accepted"
            );
        }
    }
}
