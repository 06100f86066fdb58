//! Everything that a page does a program may do too; where it may not, here is why.

use super::*;

/// What a program asks instead of a page's path.
enum Instead {
    /// A line of the programs' table, which does the same deed.
    Ask(&'static str, &'static str),
    /// Nothing, and why.
    Nothing(&'static str),
}

use Instead::{Ask, Nothing};

const SCRIPT: &str = "a page's own script";
const QUESTION: &str = "it only asks before the deed; programs do the deed";
const SIGNATURE: &str = "a signature is the permission: POST /api/submissions/{id}/signatures";
const OWN: &str = "a token must not get at the account that it was made for";

fn instead(rule: &Rule) -> Instead {
    let own = |path: &str| path.starts_with("/office/me/") || path.starts_with("/office/tokens");
    match (rule.method, rule.path) {
        ("GET", "/office") => Ask("GET", "/api/office/work"),
        ("GET", "/office/group" | "/office/returned" | "/office/published") => {
            Ask("GET", "/api/office/submissions")
        }
        ("GET", "/office/s/{id}") => Ask("GET", "/api/office/submissions/{id}"),
        ("GET", "/office/blob/{sha256}") => Ask("GET", "/api/office/blobs/{sha256}"),
        ("GET", "/office/months") => Ask("GET", "/api/office/months"),
        ("GET", "/office/month") => Ask("GET", "/api/office/months/{village}/{period}"),
        ("GET", "/office/search") => Ask("GET", "/api/office/search"),
        ("POST", "/office/publish") => Ask("POST", "/api/office/publish"),
        ("POST", "/office/return") => Ask("POST", "/api/office/submissions/{id}/return"),
        ("POST", "/office/pass") => Ask("POST", "/api/office/submissions/{id}/pass"),
        ("POST", "/office/close") => Ask("POST", "/api/office/months/{village}/{period}/close"),
        ("GET", "/office/questions/paper") => Nothing(QUESTION),
        ("GET", "/office/questions/{id}") => Ask("GET", "/api/office/questions/{n}"),
        ("POST", "/office/questions/{id}/answer") => {
            Ask("POST", "/api/office/questions/{n}/answer")
        }
        ("GET", "/office/withdraw" | "/office/kiosks/confirm") => Nothing(QUESTION),
        ("POST", "/office/withdraw") => Ask("POST", "/api/office/records/{n}/withdraw"),
        ("POST", "/office/approve") => Ask("POST", "/api/office/submissions/{id}/approve"),
        ("POST", "/office/countersign") => Nothing(SIGNATURE),
        ("POST", "/office/object") => Ask("POST", "/api/office/submissions/{id}/object"),
        (_, path) if path.starts_with("/office/bulletins") => of_bulletins(rule),
        ("GET", "/office/editor.js") => Nothing(SCRIPT),
        ("GET", "/office/emergency") => Ask("GET", "/api/office/drafts"),
        ("POST", "/office/emergency") => Ask("POST", "/api/office/emergency"),
        ("GET", "/office/shown/{id}") => Ask("GET", "/api/office/records/{n}/shown"),
        ("POST", "/office/shown/{id}/correct") => Ask("POST", "/api/office/records/{n}/correct"),
        ("GET", "/office/inspect") => Ask("GET", "/api/office/inspections/{period}"),
        ("POST", "/office/inspect") => Ask("POST", "/api/office/inspections/{period}/sign"),
        ("GET", "/office/scores") => Ask("GET", "/api/office/scores/{half}"),
        ("GET", "/office/scores/behind") => Ask("GET", "/api/office/scores/{half}/{village}"),
        ("POST", "/office/freeze") => Ask("POST", "/api/office/frozen"),
        ("GET", "/office/frozen/{half}") => Ask("GET", "/api/office/frozen/{half}"),
        ("GET", "/office/recheck") => Ask("GET", "/api/office/rechecks"),
        ("POST", "/office/recheck") => Ask("POST", "/api/office/rechecks/{n}"),
        ("GET", "/office/record") => Ask("GET", "/api/office/record"),
        ("POST", "/office/kiosks/enrol") => Ask("POST", "/api/office/kiosks"),
        ("GET", "/office/people") => Ask("GET", "/api/office/people"),
        ("POST", "/office/people/add") => Ask("POST", "/api/office/people"),
        ("POST", "/office/enrol") => Ask("POST", "/api/office/keys"),
        ("GET", "/office/me") => Ask("GET", "/api/office/me"),
        ("POST", "/office/logout") => Nothing(OWN),
        (_, path) if own(path) => Nothing(OWN),
        // Kiosks, people and keys: the same words.
        (method, path) => {
            let same = |other: &&Rule| other.method == method && other.path[4..] == *path;
            let found = programs::TABLE.iter().find(same);
            found.map_or(Ask(method, path), |other| Ask(method, other.path))
        }
    }
}

fn of_bulletins(rule: &Rule) -> Instead {
    let deed = rule.path.rsplit('/').next().unwrap_or_default();
    let same = |other: &&Rule| other.path == format!("/api/office/drafts/{{id}}/{deed}");
    match (rule.method, rule.path) {
        ("GET", "/office/bulletins") => Ask("GET", "/api/office/bulletins"),
        ("POST", "/office/bulletins") => Ask("POST", "/api/office/drafts"),
        ("GET", _) => Ask("GET", "/api/office/drafts/{id}"),
        (method, path) => programs::TABLE
            .iter()
            .find(same)
            .map_or(Ask(method, path), |rule| Ask(method, rule.path)),
    }
}

#[test]
fn whatever_a_page_does_a_program_may_do_with_the_same_right_or_it_is_said_why_not() {
    for page in TABLE {
        let (method, path) = match instead(page) {
            Ask(method, path) => (method, path),
            Nothing(why) => {
                println!("{:4} {:32} {why}", page.method, page.path);
                continue;
            }
        };
        let found = programs::TABLE.iter().find(|rule| (rule.method, rule.path) == (method, path));
        let found = found.unwrap_or_else(|| panic!("{} {} has no API", page.method, page.path));
        assert_eq!(found.deed, page.deed, "{} {} and {path}", page.method, page.path);
        println!("{:4} {:32} {method:4} {path}", page.method, page.path);
    }
}
