//! What a stack decided once and keeps beside its data: secrets, and ports as far as they are
//! still free.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Doing, Result, StackError},
    files,
    keys::Secrets,
    ports,
    system::NodeCounts,
};

#[derive(Clone, Serialize, Deserialize)]
pub struct Settings {
    pub secrets: Secrets,
    /// How many brokers its data is spread over; none before the first start.
    #[serde(default)]
    brokers: Option<u16>,
    /// Likewise for the nodes of MongoDB.
    #[serde(default)]
    mongo_nodes: Option<u16>,
    ports: BTreeMap<String, u16>,
}

impl Settings {
    /// Those of this data folder, or new ones.
    ///
    /// # Errors
    /// When they are there but not readable: new secrets would not fit the data.
    pub fn load(data: &Path) -> Result<Self> {
        let file = data.join("settings.json");
        if !file.exists() {
            return Ok(Self {
                secrets: Secrets::draw()?,
                brokers: None,
                mongo_nodes: None,
                ports: BTreeMap::new(),
            });
        }
        let text = std::fs::read(&file).doing(|| format!("read {}", file.display()))?;
        serde_json::from_slice(&text).map_err(|error| {
            StackError::failed(
                format!("understand {}", file.display()),
                format!("{error}; `cargo stack reset` starts anew"),
            )
        })
    }

    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, data: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| StackError::failed("describe the settings", error))?;
        files::write_whole(&data.join("settings.json"), &text)
    }

    /// Keeps the numbers of nodes: what one of them holds, others do not have.
    ///
    /// # Errors
    /// When the data is that of other numbers.
    pub fn keep(&mut self, nodes: NodeCounts) -> Result<()> {
        keep(&mut self.brokers, nodes.brokers, "brokers")?;
        keep(&mut self.mongo_nodes, nodes.mongo, "nodes of MongoDB")
    }

    /// The port for a purpose; `in_use` says that whoever has it is the one meant.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn port(&mut self, purpose: &str, in_use: bool) -> Result<u16> {
        if let Some(port) = self
            .ports
            .get(purpose)
            .copied()
            .filter(|port| in_use || ports::is_free(*port))
        {
            return Ok(port);
        }
        let taken: Vec<u16> = self.ports.values().copied().collect();
        let port = ports::free(&taken)?;
        self.ports.insert(purpose.to_owned(), port);
        Ok(port)
    }
}

fn keep(kept: &mut Option<u16>, wanted: u16, what: &str) -> Result<()> {
    match kept.replace(wanted) {
        Some(kept) if kept != wanted => Err(StackError::failed(
            format!("start {wanted} {what}"),
            format!("the data is that of {kept}; `cargo stack reset` starts anew"),
        )),
        _ => Ok(()),
    }
}
