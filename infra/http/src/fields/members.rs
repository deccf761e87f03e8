//! The members of an object, each taken by name.

use serde_json::{Map, Value};

use super::{Errors, Node, node::escaped};

/// The members of an object; those that are not taken are faults.
pub struct Fields<'v, 'e> {
    pub(super) members: &'v Map<String, Value>,
    pub(super) taken: Vec<&'static str>,
    pub(super) pointer: String,
    pub(super) errors: &'e Errors,
}

impl<'v, 'e> Fields<'v, 'e> {
    fn node(&mut self, name: &'static str) -> Option<Node<'v, 'e>> {
        self.taken.push(name);
        let value = self.members.get(name)?;
        Some(Node {
            value,
            pointer: self.pointer_to(name),
            errors: self.errors,
        })
    }

    /// The pointer of a member, there or not.
    #[must_use]
    pub fn pointer_to(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    /// Notes a fault of a member.
    pub fn fault<T>(&self, name: &str, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.errors.add(self.pointer_to(name), code, detail);
        None
    }

    /// Whether the member is there and not null.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// Whether the member is there, null or not: in a merge patch null says to remove it.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member that has to be there.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<T> {
        match self.node(name) {
            Some(node) if !node.value.is_null() => read(&node),
            Some(_) | None => self.fault(name, "required", "must be given"),
        }
    }

    /// A member that may be missing or null. The outer `None` is a fault.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.node(name) {
            Some(node) if !node.value.is_null() => read(&node).map(Some),
            Some(_) | None => Some(None),
        }
    }

    /// A member that has a default when it is missing or null.
    pub fn or_default<T>(
        &mut self,
        name: &'static str,
        default: T,
        read: impl FnOnce(&Node<'v, 'e>) -> Option<T>,
    ) -> Option<T> {
        self.optional(name, read)
            .map(|read| read.unwrap_or(default))
    }

    pub(super) fn refuse_rest(&self) {
        for name in self
            .members
            .keys()
            .filter(|name| !self.taken.contains(&name.as_str()))
        {
            let pointer = format!("{}/{}", self.pointer, escaped(name));
            self.errors
                .add(pointer, "unknown_member", "is not a member of this object");
        }
    }
}
