//! Why a customer refuses a command.

/// A refusal by a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CustomerError {
    #[error("the customer does not exist")]
    NotFound,
    #[error("the customer is registered already")]
    AlreadyRegistered,
    #[error("the customer's data is erased")]
    Erased,
    #[error("the customer has no address of this label")]
    AddressNotFound,
    #[error("the customer has {limit} addresses already")]
    TooManyAddresses { limit: usize },
    #[error("the customer would have more than {limit} members of metadata")]
    TooManyMetadata { limit: usize },
}
