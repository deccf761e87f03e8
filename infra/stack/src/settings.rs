//! What a stack decided once and keeps beside its data: secrets, and ports as far as they are
//! still free.

use std::{collections::BTreeMap, path::Path};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Doing, Result, StackError},
    files,
    keys::Secrets,
    ports,
};

#[derive(Clone, Serialize, Deserialize)]
pub struct Settings {
    pub secrets: Secrets,
    /// How many brokers its data is spread over; none before the first start.
    #[serde(default)]
    brokers: Option<u16>,
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

    /// Keeps the number of brokers: what one of them holds, others do not have.
    ///
    /// # Errors
    /// When the data is that of another number.
    pub fn keep_brokers(&mut self, brokers: u16) -> Result<()> {
        match self.brokers.replace(brokers) {
            Some(kept) if kept != brokers => Err(StackError::failed(
                format!("start {brokers} brokers"),
                format!("the data is that of {kept}; `cargo stack reset` starts anew"),
            )),
            _ => Ok(()),
        }
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
