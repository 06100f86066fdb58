//! What the office does by itself: once a day, and what was left over every ten minutes.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::{audit, clock, wechat};

/// How often it is looked whether a new day has begun.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);

/// Looks until the server ends. What fails is tried again at the next look.
pub async fn run(app: Arc<App>) {
    let mut done = None;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        looks.tick().await;
        wechat::send_due(&app).await;
        let today = clock::today();
        if done == Some(today) || app.publisher.must_run().is_err() {
            continue;
        }
        let office = Arc::clone(&app);
        match tokio::task::spawn_blocking(move || audit::commit(&office, today)).await {
            Ok(Ok(_)) => done = Some(today),
            Ok(Err(error)) => tracing::error!(%error, "the record's hash was not published"),
            Err(error) => tracing::error!(%error, "the record's hash was not published"),
        }
    }
}
