//! What can be asked of a customer. Every member is already parsed and within its own limits.

use std::collections::BTreeMap;

use orderfold_events::{
    CustomerId,
    customer::{BlockReason, CustomerAddress, CustomerPersonal, EraseReason, ExternalReference},
};

/// One command to one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CustomerCommand {
    Register(Box<Register>),
    UpdateProfile(Box<ProfilePatch>),
    /// None removes it.
    ChangeEmail(Option<String>),
    /// New, or instead of the one with its label. A default that it takes, another loses.
    SaveAddress(Box<CustomerAddress>),
    /// By its label.
    RemoveAddress(String),
    Block(BlockReason),
    Unblock,
    Erase(EraseReason),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register {
    pub customer_id: CustomerId,
    pub reference: Option<ExternalReference>,
    pub language: Option<String>,
    pub tags: Vec<String>,
    pub metadata: BTreeMap<String, String>,
    /// Numbers in E.164 are told by the aggregate.
    pub personal: CustomerPersonal,
}

/// What of a profile becomes another; what is `None` stays, an inner `None` is removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProfilePatch {
    pub name: Option<String>,
    pub phone: Option<Option<String>>,
    pub language: Option<Option<String>>,
    pub tags: Option<Vec<String>>,
    pub metadata: Option<MetadataPatch>,
}

/// Members to set, and with `None` to remove; the others stay, unless all are cleared first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetadataPatch {
    pub clear: bool,
    pub members: BTreeMap<String, Option<String>>,
}
