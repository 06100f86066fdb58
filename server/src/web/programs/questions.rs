//! Questions, as the office's pages have them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use ledger::content::{Channel, Topic};
use ledger::question::{AskId, Asking, Pin};
use ledger::statement::word;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::caller::{At, Caller, Given};
use super::wire::{Index, VillageCode};
use crate::app::App;
use crate::error::Error;
use crate::people::Deed;
use crate::questions::decide::{self, Decision};
use crate::questions::{Held, answer, list, paper};
use crate::random;
use crate::view::questions::{self as public, Question};

/// A question that waits to be looked at.
#[derive(Serialize, ToSchema)]
pub struct WaitingQuestion {
    /// Its number, for a decision.
    seq: i64,
    /// The village's or the township's code.
    village: String,
    /// Log index of what it is about.
    of: Option<u64>,
    /// `amount`, `unknown`, `unclear`, `other`, `opinion`.
    topic: String,
    /// In the asker's words.
    text: String,
    /// `phone`, `kiosk`, `paper`.
    channel: String,
    /// Who has to answer: `village`, `supervisors`, `township`.
    to: String,
    /// The day it came, YYYY-MM-DD.
    asked: String,
    /// Why it looks like no question: `link`, `flood`, `noise`.
    suspect: Option<String>,
}

impl WaitingQuestion {
    fn of(held: Held) -> Self {
        Self {
            seq: held.seq,
            village: held.village.to_string(),
            of: held.of,
            topic: word(&held.topic),
            text: held.text,
            channel: word(&held.channel),
            to: word(&held.to),
            asked: held.asked.to_string(),
            suspect: held.suspect.map(|one| one.as_str().to_owned()),
        }
    }
}

/// A question that everyone sees.
#[derive(Serialize, ToSchema)]
pub struct PublicQuestion {
    /// Log index.
    n: u64,
    /// The village's or the township's code.
    village: String,
    /// Log index of the record that it is about.
    about: Option<u64>,
    /// In the asker's words.
    text: String,
    /// Who has to answer.
    to: String,
    /// The last day for the answer, YYYY-MM-DD.
    due: String,
    /// What was answered, the first answer first.
    answers: Vec<String>,
}

impl PublicQuestion {
    fn of(question: Question) -> Option<Self> {
        let content = question.content?;
        let answers = question.answers.into_iter().filter_map(|answer| Some(answer.content?.text));
        Some(Self {
            n: question.n,
            village: question.village,
            about: question.about,
            text: content.text,
            to: word(&content.to),
            due: content.due.to_string(),
            answers: answers.collect(),
        })
    }
}

/// What there is to do.
#[derive(Serialize, ToSchema)]
pub struct QuestionWork {
    /// To be looked at: at most 200 that look like questions, then at most 200 that do not. For reviewers.
    waiting: Vec<WaitingQuestion>,
    /// To be answered by this person, the first to be due first.
    open: Vec<PublicQuestion>,
}

/// What there is to do with questions.
#[utoipa::path(
    get, path = "/api/office/questions",
    responses((status = 200, description = "to be looked at, and to be answered", body = QuestionWork))
)]
pub async fn questions(State(app): State<Arc<App>>, caller: Caller) -> Answer<QuestionWork> {
    let work = app.db.read(|c| {
        let mut waiting = Vec::new();
        if caller.who.may(Deed::Review) {
            waiting.extend(list::waiting(c, false)?.0);
            waiting.extend(list::waiting(c, true)?.0);
        }
        let open = list::to_answer(c, &caller.who)?;
        Ok(QuestionWork {
            waiting: waiting.into_iter().map(WaitingQuestion::of).collect(),
            open: open.into_iter().filter_map(PublicQuestion::of).collect(),
        })
    })?;
    Ok(Json(work))
}

/// One question that everyone sees.
#[utoipa::path(
    get, path = "/api/office/questions/{n}", params(("n" = Index, Path)),
    responses((status = 200, description = "it", body = PublicQuestion))
)]
pub async fn question(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(n): At<Index>,
) -> Answer<PublicQuestion> {
    let gone = || Error::refused("not-found", "没有这条提问，或者它没有公开");
    let found = app.db.read(|c| public::one(c, n.index()))?.ok_or_else(gone)?;
    caller.who.must_see(&found.village)?;
    PublicQuestion::of(found).map(Json).ok_or_else(gone)
}

/// What the office decides on a question.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DecisionWord {
    /// Everyone sees it.
    Show,
    /// It holds personal data.
    Personal,
    /// It insults, threatens, or is no question at all.
    Abuse,
}

/// Questions, and what becomes of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecidingQuestions {
    /// Their numbers: 1 to 500.
    #[schema(min_items = 1, max_items = 500)]
    seqs: Vec<Index>,
    /// Shown, or withheld and why.
    how: DecisionWord,
}

/// How many were decided.
#[derive(Serialize, ToSchema)]
pub struct DecidedQuestions {
    /// Without those that had been decided before.
    decided: usize,
}

/// Shows or withholds questions; either way they stand in the log.
#[utoipa::path(
    post, path = "/api/office/questions/decide", request_body = DecidingQuestions,
    responses((status = 200, description = "decided", body = DecidedQuestions))
)]
pub async fn decide_questions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<DecidingQuestions>,
) -> Answer<DecidedQuestions> {
    let how = match given.how {
        DecisionWord::Show => Decision::Show,
        DecisionWord::Personal => Decision::Personal,
        DecisionWord::Abuse => Decision::Abuse,
    };
    let seqs: Vec<i64> = given.seqs.iter().map(|seq| seq.0).collect();
    let decided = decide::decide(&app, &seqs, how, &caller.who).await?;
    Ok(Json(DecidedQuestions { decided }))
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnsweringQuestion {
    /// At most 2,000 characters.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// Publishes an answer.
#[utoipa::path(
    post, path = "/api/office/questions/{n}/answer", params(("n" = Index, Path)),
    request_body = AnsweringQuestion,
    responses((status = 200, description = "published", body = PublicQuestion))
)]
pub async fn answer_question(
    State(app): State<Arc<App>>,
    caller: Caller,
    At(n): At<Index>,
    Given(given): Given<AnsweringQuestion>,
) -> Answer<PublicQuestion> {
    answer::answer(&app, n.index(), &given.text, &caller.who).await?;
    question(State(app), caller, At(n)).await
}

/// What somebody asks for.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum TopicWord {
    /// The amount looks wrong.
    Amount,
    /// The asker knows nothing of such a thing.
    Unknown,
    /// The picture or the words cannot be understood.
    Unclear,
    /// Something else.
    Other,
    /// A word to the office.
    Opinion,
}

/// What came on paper.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PaperQuestion {
    /// The village's or the township's code.
    village: VillageCode,
    /// Log index of what it is about.
    of: Option<Index>,
    /// What for.
    topic: TopicWord,
    /// In the asker's words, at most 500 characters.
    #[schema(min_length = 1, max_length = 500)]
    text: String,
}

/// What to give to the asker.
#[derive(Serialize, ToSchema)]
pub struct PaperSlip {
    /// Ten digits.
    slip: String,
    /// Four digits.
    pin: String,
}

/// Keeps a question that came on paper.
#[utoipa::path(
    post, path = "/api/office/questions/paper", request_body = PaperQuestion,
    responses((status = 200, description = "kept", body = PaperSlip))
)]
pub async fn paper_question(
    State(app): State<Arc<App>>,
    caller: Caller,
    Given(given): Given<PaperQuestion>,
) -> Answer<PaperSlip> {
    let topic = match given.topic {
        TopicWord::Amount => Topic::Amount,
        TopicWord::Unknown => Topic::Unknown,
        TopicWord::Unclear => Topic::Unclear,
        TopicWord::Other => Topic::Other,
        TopicWord::Opinion => Topic::Opinion,
    };
    let asking = Asking {
        id: AskId(random::bytes()?),
        pin: Pin::of(random::bytes()?),
        village: given.village.0,
        of: given.of.map(|n| n.index()),
        topic,
        text: given.text,
        channel: Channel::Paper,
    };
    let pin = asking.pin.to_string();
    let slip = paper::keep(&app, asking, &caller.who).await?.to_string();
    Ok(Json(PaperSlip { slip, pin }))
}
