//! The two files of the data set, as orders with their lines.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use chrono::NaiveDate;
use serde::Deserialize;

use super::amounts::{cents, price_and_discount};

#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{} cannot be read", file.display())]
    File { file: PathBuf, source: csv::Error },
    #[error("row {row} of orders.csv has a {column} that is none: `{value}`")]
    Value {
        row: String,
        column: &'static str,
        value: String,
    },
    #[error("orders.csv has two different {column}s for the order {order}")]
    Contradiction { order: String, column: &'static str },
    #[error("returns.csv names the order {0}, which is not in orders.csv")]
    UnknownReturn(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    /// Names by customer reference.
    pub customers: BTreeMap<String, Customer>,
    /// By day of placing, as they came in.
    pub orders: Vec<Order>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub name: String,
    pub segment: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub reference: String,
    pub customer: String,
    pub placed_on: NaiveDate,
    pub shipped_on: NaiveDate,
    pub city: String,
    pub region: String,
    pub postal_code: Option<String>,
    pub lines: Vec<Line>,
    pub returned: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sku: String,
    pub name: String,
    pub category: String,
    pub quantity: i64,
    pub unit_price: i64,
    pub discount: i64,
}

impl Order {
    /// In cents.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.lines
            .iter()
            .map(|line| line.unit_price * line.quantity - line.discount)
            .sum()
    }
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Row ID")]
    number: String,
    #[serde(rename = "Order ID")]
    order: String,
    #[serde(rename = "Order Date")]
    ordered: String,
    #[serde(rename = "Ship Date")]
    shipped: String,
    #[serde(rename = "Customer ID")]
    customer: String,
    #[serde(rename = "Customer Name")]
    name: String,
    #[serde(rename = "Segment")]
    segment: String,
    #[serde(rename = "City")]
    city: String,
    #[serde(rename = "State")]
    state: String,
    #[serde(rename = "Postal Code")]
    postal_code: String,
    #[serde(rename = "Product ID")]
    sku: String,
    #[serde(rename = "Sub-Category")]
    category: String,
    #[serde(rename = "Product Name")]
    product: String,
    #[serde(rename = "Sales")]
    sales: String,
    #[serde(rename = "Quantity")]
    quantity: String,
}

#[derive(Deserialize)]
struct ReturnRow {
    #[serde(rename = "Order ID")]
    order: String,
}

impl Dataset {
    /// # Errors
    /// When a file is missing or does not hold what it should.
    pub fn read(folder: &Path) -> Result<Self, DataError> {
        let returned: BTreeSet<String> = read_all::<ReturnRow>(folder.join("returns.csv"))?
            .into_iter()
            .map(|row| row.order)
            .collect();
        Self::from_rows(read_all(folder.join("orders.csv"))?, &returned)
    }

    fn from_rows(rows: Vec<Row>, returned: &BTreeSet<String>) -> Result<Self, DataError> {
        let mut customers = BTreeMap::new();
        let mut orders: Vec<Order> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        for row in rows {
            let customer = Customer {
                name: row.name.clone(),
                segment: row.segment.clone(),
            };
            customers.entry(row.customer.clone()).or_insert(customer);
            let line = row.line()?;
            let order = row.order_without_lines(returned)?;
            let place = *places
                .entry(order.reference.clone())
                .or_insert(orders.len());
            match orders.get_mut(place) {
                Some(known) => {
                    known.refuse_contradiction(&order)?;
                    known.lines.push(line);
                }
                None => orders.push(Order {
                    lines: vec![line],
                    ..order
                }),
            }
        }
        if let Some(unknown) = returned.iter().find(|order| !places.contains_key(*order)) {
            return Err(DataError::UnknownReturn(unknown.clone()));
        }
        orders.sort_by_key(|order| order.placed_on);
        Ok(Self { customers, orders })
    }
}

impl Order {
    fn refuse_contradiction(&self, other: &Self) -> Result<(), DataError> {
        let column = if self.customer != other.customer {
            "Customer ID"
        } else if self.placed_on != other.placed_on {
            "Order Date"
        } else if self.shipped_on != other.shipped_on {
            "Ship Date"
        } else {
            return Ok(());
        };
        Err(DataError::Contradiction {
            order: self.reference.clone(),
            column,
        })
    }
}

impl Row {
    fn order_without_lines(&self, returned: &BTreeSet<String>) -> Result<Order, DataError> {
        Ok(Order {
            reference: self.order.clone(),
            customer: self.customer.clone(),
            placed_on: self.date("Order Date", &self.ordered)?,
            shipped_on: self.date("Ship Date", &self.shipped)?,
            city: self.city.clone(),
            region: self.state.clone(),
            postal_code: Some(self.postal_code.clone()).filter(|code| !code.is_empty()),
            lines: Vec::new(),
            returned: returned.contains(&self.order),
        })
    }

    fn line(&self) -> Result<Line, DataError> {
        let total = cents(&self.sales).ok_or_else(|| self.refused("Sales", &self.sales))?;
        let quantity = self.quantity.parse().ok().filter(|quantity| *quantity > 0);
        let quantity = quantity.ok_or_else(|| self.refused("Quantity", &self.quantity))?;
        let (unit_price, discount) = price_and_discount(total, quantity);
        Ok(Line {
            sku: self.sku.clone(),
            name: self.product.clone(),
            category: self.category.clone(),
            quantity,
            unit_price,
            discount,
        })
    }

    fn date(&self, column: &'static str, value: &str) -> Result<NaiveDate, DataError> {
        NaiveDate::parse_from_str(value, "%m/%d/%Y").map_err(|_format| self.refused(column, value))
    }

    fn refused(&self, column: &'static str, value: &str) -> DataError {
        DataError::Value {
            row: self.number.clone(),
            column,
            value: value.to_owned(),
        }
    }
}

fn read_all<R: for<'a> Deserialize<'a>>(file: PathBuf) -> Result<Vec<R>, DataError> {
    let rows = csv::Reader::from_path(&file).and_then(|mut reader| reader.deserialize().collect());
    rows.map_err(|source| DataError::File { file, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(order: &str, customer: &str, sales: &str) -> Row {
        let text = "Row ID,Order ID,Order Date,Ship Date,Customer ID,Customer Name,Segment,City,State,Postal Code,\
                    Product ID,Sub-Category,Product Name,Sales,Quantity\n";
        let line = format!(
            "7,{order},11/8/2017,11/11/2017,{customer},C,Consumer,H,KY,,S-1,Chairs,Chair,{sales},2\n"
        );
        let mut reader =
            csv::Reader::from_reader(format!("{text}{line}").into_bytes().leak() as &[u8]);
        reader
            .deserialize()
            .next()
            .expect("a row")
            .expect("a row of the right shape")
    }

    #[test]
    fn rows_of_one_order_become_its_lines_in_their_order() {
        let rows = vec![
            row("A", "c", "1.00"),
            row("B", "c", "3.00"),
            row("A", "c", "2.01"),
        ];
        let set = Dataset::from_rows(rows, &BTreeSet::from(["B".to_owned()])).expect("a data set");
        let totals: Vec<(&str, i64, bool)> = set
            .orders
            .iter()
            .map(|order| (order.reference.as_str(), order.total(), order.returned))
            .collect();
        assert_eq!(totals, [("A", 301, false), ("B", 300, true)]);
        assert_eq!(set.customers.len(), 1);
        assert_eq!(set.orders[0].postal_code, None);
    }

    #[test]
    fn an_order_of_two_customers_and_a_return_of_no_order_are_refused() {
        let rows = vec![row("A", "c", "1.00"), row("A", "d", "2.00")];
        assert!(matches!(
            Dataset::from_rows(rows, &BTreeSet::new()),
            Err(DataError::Contradiction { .. })
        ));
        let returned = BTreeSet::from(["Z".to_owned()]);
        assert!(matches!(
            Dataset::from_rows(vec![row("A", "c", "1.00")], &returned),
            Err(DataError::UnknownReturn(_))
        ));
    }
}
