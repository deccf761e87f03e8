//! The secrets of one stack: the key pair that signs its tokens, and the random keys its services
//! share. Made once per data folder, because what is stored depends on them.

use std::path::{Path, PathBuf};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::EncodingKey;
use serde::{Deserialize, Serialize};

use crate::{
    clock,
    error::{Doing, Result, StackError},
    files,
};

#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    pub database_password: String,
    /// Keys the claims, references and principals that the command service stores.
    pub claim_key: String,
    /// Wraps the keys of customers.
    pub master_key: String,
    /// Shared by both services: wraps those keys on the way to the query side.
    pub view_key: String,
    pub internal_token: String,
    pub kafka_cluster_id: String,
}

impl Secrets {
    /// # Errors
    /// When the random source fails.
    pub fn draw() -> Result<Self> {
        Ok(Self {
            database_password: clock::random_word()?,
            claim_key: clock::random_key()?,
            master_key: clock::random_key()?,
            view_key: clock::random_key()?,
            internal_token: clock::random_word()?,
            kafka_cluster_id: BASE64_URL_SAFE_NO_PAD.encode(clock::random_bytes::<16>()?),
        })
    }
}

/// The Ed25519 pair of a stack, as two PEM files.
#[derive(Debug, Clone)]
pub struct TokenKeys {
    private: PathBuf,
    public: PathBuf,
}

impl TokenKeys {
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            private: folder.join("token-key.pem"),
            public: folder.join("token-key.public.pem"),
        }
    }

    /// Makes the pair where it is missing.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn ensure(&self) -> Result<()> {
        if self.public.exists() && self.private.exists() {
            return Ok(());
        }
        let making = |_unspecified| {
            StackError::failed(
                "make a key pair for tokens",
                "the cryptographic library failed",
            )
        };
        let document = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(making)?;
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref())
            .map_err(|rejected| StackError::failed("make a key pair for tokens", rejected))?;
        let public: PublicKeyX509Der = pair.public_key().as_der().map_err(making)?;
        write_pem(&self.private, "PRIVATE KEY", document.as_ref())?;
        write_pem(&self.public, "PUBLIC KEY", public.as_ref())
    }

    /// What the services check tokens with.
    #[must_use]
    pub fn public_file(&self) -> &Path {
        &self.public
    }

    /// # Errors
    /// When there is no key in this folder.
    pub fn signing_key(&self) -> Result<EncodingKey> {
        let pem =
            std::fs::read(&self.private).doing(|| format!("read {}", self.private.display()))?;
        EncodingKey::from_ed_pem(&pem).map_err(|error| {
            StackError::failed(format!("read the key in {}", self.private.display()), error)
        })
    }
}

fn write_pem(file: &Path, label: &str, der: &[u8]) -> Result<()> {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    files::write_whole(
        file,
        pem::encode_config(&pem::Pem::new(label, der), config).as_bytes(),
    )
}
