//! How the JSON bodies and the queries of REST calls are read: in one place, because SDKs write them oddly
//! (`rest.md §0`, rules 5, 6 and 8).
//!
//! The path says what a body is, and not its `Content-Type`. An empty body is an object without members, `null` is as
//! good as absent, a flag may be the text `"true"`, and some members have two names: the first one that is there counts.

use super::answer::ApiError;
use serde_json::{Map, Value};

/// The members of a body.
#[derive(Debug, Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body: a JSON object, or nothing.
    pub(super) fn read(body: &[u8]) -> Result<Self, ApiError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(Value::Null) => Ok(Self::default()),
            _ => Err(ApiError::bad_request("The body is not a JSON object")),
        }
    }

    /// A member that is an object itself.
    fn of(value: &Value, name: &str) -> Result<Self, ApiError> {
        let members = value.as_object().ok_or_else(|| wrong(name, "an object"))?;
        Ok(Self(members.clone()))
    }

    /// The first member of these names that is there.
    fn first<'a>(&self, names: &[&'a str]) -> Option<(&'a str, &Value)> {
        let mut found = names.iter().filter_map(|name| Some((*name, self.0.get(*name)?)));
        found.find(|(_, value)| !value.is_null())
    }

    /// A text.
    pub(super) fn text(&self, names: &[&str]) -> Result<Option<String>, ApiError> {
        let Some((name, value)) = self.first(names) else { return Ok(None) };
        value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| wrong(name, "a text"))
    }

    /// A flag.
    pub(super) fn flag(&self, names: &[&str]) -> Result<Option<bool>, ApiError> {
        let Some((name, value)) = self.first(names) else { return Ok(None) };
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
            Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        };
        flag.map(Some).ok_or_else(|| wrong(name, "true or false"))
    }

    /// A whole number that is not negative.
    pub(super) fn number(&self, names: &[&str]) -> Result<Option<u64>, ApiError> {
        let Some((name, value)) = self.first(names) else { return Ok(None) };
        value.as_u64().map(Some).ok_or_else(|| wrong(name, "a whole number"))
    }

    /// An object.
    pub(super) fn object(&self, names: &[&str]) -> Result<Option<Self>, ApiError> {
        let Some((name, value)) = self.first(names) else { return Ok(None) };
        Self::of(value, name).map(Some)
    }

    /// A list of texts; empty when there is none.
    pub(super) fn texts(&self, names: &[&str]) -> Result<Vec<String>, ApiError> {
        let Some((name, value)) = self.first(names) else { return Ok(Vec::new()) };
        let texts =
            |values: &Vec<Value>| values.iter().map(|text| text.as_str().map(str::to_owned)).collect();
        value.as_array().and_then(texts).ok_or_else(|| wrong(name, "a list of texts"))
    }

    /// A list of objects; `None` when there is none.
    pub(super) fn objects(&self, names: &[&str]) -> Result<Option<Vec<Self>>, ApiError> {
        let Some((name, value)) = self.first(names) else { return Ok(None) };
        let values = value.as_array().ok_or_else(|| wrong(name, "a list of objects"))?;
        values.iter().map(|value| Self::of(value, name)).collect::<Result<_, _>>().map(Some)
    }
}

fn wrong(name: &str, what: &str) -> ApiError {
    ApiError::bad_request(format!("{name} is not {what}"))
}

/// The parameters of a query.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query, without its question mark.
    pub(super) fn read(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// The first parameter of these names that is there and not empty, nor the word by which some SDKs say that they have
    /// none (`rest.md §0`, rule 7).
    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        let known = self.0.iter().filter(|(name, _)| names.contains(&name.as_str()));
        known
            .map(|(_, value)| value.as_str())
            .find(|value| !["", "null", "undefined", "None"].contains(value))
    }

    /// A number of things.
    pub(super) fn count(&self, name: &str) -> Result<Option<usize>, ApiError> {
        let Some(value) = self.text(&[name]) else { return Ok(None) };
        value.parse().map(Some).map_err(|_| wrong(name, "a whole number from 0 on"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(body: &str) -> Fields {
        Fields::read(body.as_bytes()).expect("a body")
    }

    #[test]
    fn nothing_and_null_are_an_object_without_members() {
        for body in ["", " \r\n", "{}", "null", r#"{"active":null}"#] {
            let fields = fields(body);
            assert_eq!(fields.flag(&["active"]), Ok(None), "{body}");
            assert_eq!(fields.text(&["active"]), Ok(None), "{body}");
            assert_eq!(fields.texts(&["active"]), Ok(vec![]), "{body}");
            assert!(fields.objects(&["active"]).expect("none").is_none(), "{body}");
        }
        for body in ["[]", "7", "\"a\"", "a=b", "{", "{}{}"] {
            assert_eq!(Fields::read(body.as_bytes()).expect_err(body).status.as_u16(), 400);
        }
        assert!(Fields::read(&[0xff]).is_err());
    }

    #[test]
    fn flags_may_be_texts() {
        for (body, flag) in [("true", true), ("false", false), (r#""true""#, true), (r#""False""#, false)] {
            assert_eq!(
                fields(&format!(r#"{{"active":{body}}}"#)).flag(&["active"]),
                Ok(Some(flag)),
                "{body}"
            );
        }
        for body in ["1", r#""yes""#, "[]", "{}"] {
            assert!(fields(&format!(r#"{{"active":{body}}}"#)).flag(&["active"]).is_err(), "{body}");
        }
    }

    #[test]
    fn the_first_name_that_is_there_counts() {
        let names = ["excludedStreamIds", "excludedStreams"];
        let read = |body: &str| fields(body).texts(&names);
        assert_eq!(read(r#"{"excludedStreams":["a"]}"#), Ok(vec!["a".to_owned()]));
        assert_eq!(
            read(r#"{"excludedStreamIds":null,"excludedStreams":["a","b"]}"#),
            Ok(vec!["a".to_owned(), "b".to_owned()])
        );
        for body in [r#"{"excludedStreams":"a"}"#, r#"{"excludedStreams":[1]}"#] {
            assert_eq!(read(body).expect_err(body).message, "excludedStreams is not a list of texts");
        }
    }

    #[test]
    fn objects_are_read_one_by_one() {
        let read = |body: &str| fields(body).objects(&["items"]);
        let items = read(r#"{"items":[{"id":"a"},{}]}"#).expect("a list").expect("there");
        let ids: Vec<_> = items.iter().map(|item| item.text(&["id"])).collect();
        assert_eq!(ids, [Ok(Some("a".to_owned())), Ok(None)]);
        for body in [r#"{"items":{}}"#, r#"{"items":[1]}"#, r#"{"items":[null]}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }

    #[test]
    fn queries_are_read() {
        let query =
            Query::read(Some("offset=3&count=&session_id=a%20b&count=7&x=null&y=-1&z=99999999999999999999"));
        assert_eq!(query.count("offset"), Ok(Some(3)));
        assert_eq!(query.count("count"), Ok(Some(7)), "an empty one is none");
        assert_eq!((query.count("x"), query.count("absent")), (Ok(None), Ok(None)));
        assert!(query.count("y").is_err() && query.count("z").is_err());
        assert_eq!(query.text(&["sessionId", "session_id"]), Some("a b"));
        assert_eq!(Query::read(None).text(&["sessionId"]), None);
    }
}
