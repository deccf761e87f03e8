//! What is known of the data set, beside what was found.

/// Known before anything is imported.
pub const ORDERS: i64 = 5_009;
pub const CUSTOMERS: i64 = 793;
pub const LINES: i64 = 9_994;
pub const UNITS: i64 = 37_873;
pub const SOLD: i64 = 229_720_107;
pub const SOLD_BY_YEAR: [(&str, i64); 4] = [
    ("2015", 48_424_756),
    ("2016", 47_053_246),
    ("2017", 60_920_586),
    ("2018", 73_321_519),
];
pub const RETURNED: i64 = 18_050_430;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    pub name: String,
    pub expected: i64,
    pub actual: i64,
}

impl Figure {
    #[must_use]
    pub fn new(name: impl Into<String>, expected: i64, actual: i64) -> Self {
        Self {
            name: name.into(),
            expected,
            actual,
        }
    }

    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.expected == self.actual
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub commands: usize,
    /// Those that an earlier import had carried out.
    pub replayed: usize,
    pub figures: Vec<Figure>,
}

impl Report {
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.figures.iter().all(Figure::is_exact)
    }
}
