//! Incidents, claims, deliveries: laws over random histories, and what each receiver sees.

mod desk;
mod fixtures;
mod laws;
mod lifecycle;
mod receiver;
mod renderings;
mod webhooks;
