//! One line of a placed order: what was ordered, on which terms, and where its units are.

use orderfold_events::order;
use serde::{Deserialize, Serialize};

use super::{figures::LineTerms, status::Units};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    /// As it is ordered now: an amendment may say it anew.
    pub ordered: order::Line,
    pub terms: LineTerms,
    pub cancelled: i64,
    /// The units of each shipment, the oldest first.
    pub parcels: Vec<Parcel>,
}

impl Line {
    pub fn new(ordered: &order::Line, prices_include_tax: bool) -> Self {
        Self {
            ordered: ordered.clone(),
            terms: LineTerms::of(ordered, prices_include_tax),
            cancelled: 0,
            parcels: Vec::new(),
        }
    }

    pub fn units(&self) -> Units {
        let left = Units {
            ordered: self.terms.quantity,
            cancelled: self.cancelled,
            ..Units::default()
        };
        self.parcels.iter().fold(left, |sum, parcel| {
            sum + Units {
                shipped: parcel.shipped,
                delivered: parcel.delivered,
                returned: parcel.returned,
                undelivered: parcel.undelivered,
                ..Units::default()
            }
        })
    }

    /// Parcels of one shipment, or of all.
    pub fn parcels_of(&self, shipment: Option<usize>) -> impl Iterator<Item = &Parcel> {
        self.parcels
            .iter()
            .filter(move |parcel| shipment.is_none() || parcel.shipment == shipment)
    }
}

/// The units of one line in one shipment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parcel {
    /// Its place among the order's shipments; none where a digital delivery was its own shipment.
    pub shipment: Option<usize>,
    pub shipped: i64,
    pub delivered: i64,
    /// All that came back, `undelivered` included.
    pub returned: i64,
    /// What came back without ever arriving.
    pub undelivered: i64,
}

impl Parcel {
    pub fn in_transit(&self) -> i64 {
        self.shipped - self.delivered - self.undelivered
    }

    pub fn with_customer(&self) -> i64 {
        self.delivered - (self.returned - self.undelivered)
    }
}
