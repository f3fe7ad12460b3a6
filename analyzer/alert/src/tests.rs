//! Incidents, claims, deliveries: laws over random histories, and what each receiver sees.

#[cfg(feature = "aws")]
mod aws;
mod desk;
mod fixtures;
mod laws;
mod lifecycle;
mod receiver;
mod renderings;
mod webhooks;
