//! What a connection may do: roles of tokens and the permissions that follow from them (`rest.md §1.4`, `wire.md §5.1`).

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The role that a token gives to its connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Role {
    /// Sees and hears; whether it may signal is the server's setting.
    Subscriber,
    /// Publishes, subscribes and signals; what a token without a role gives.
    #[default]
    Publisher,
    /// Publishes and does nothing else.
    PublisherOnly,
    /// A publisher that may also end connections and streams of others, and mute them.
    Moderator,
}

impl Role {
    /// Every role, least powerful first.
    pub const ALL: [Self; 4] = [Self::Subscriber, Self::PublisherOnly, Self::Publisher, Self::Moderator];

    /// The role's name in a token.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subscriber => "subscriber",
            Self::Publisher => "publisher",
            Self::PublisherOnly => "publisheronly",
            Self::Moderator => "moderator",
        }
    }

    /// The role of that name; `None` for an unknown one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// What the role allows. `subscriber_may_signal` settles the one thing that the platform's documents leave open.
    pub const fn permissions(self, subscriber_may_signal: bool) -> Permissions {
        use Permission::{ForceDisconnect, ForceMute, ForceUnpublish, Publish, Signal, Subscribe};
        match self {
            Self::Subscriber if subscriber_may_signal => Permissions::of(&[Subscribe, Signal]),
            Self::Subscriber => Permissions::of(&[Subscribe]),
            Self::PublisherOnly => Permissions::of(&[Publish]),
            Self::Publisher => Permissions::of(&[Publish, Subscribe, Signal]),
            Self::Moderator => {
                Permissions::of(&[Publish, Subscribe, Signal, ForceUnpublish, ForceDisconnect, ForceMute])
            }
        }
    }
}

/// One thing that a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Create streams.
    Publish,
    /// Receive streams.
    Subscribe,
    /// Send signals.
    Signal,
    /// End streams of others.
    ForceUnpublish,
    /// End connections of others.
    ForceDisconnect,
    /// Mute streams of others.
    ForceMute,
}

impl Permission {
    /// Every permission, in the order of the wire.
    pub const ALL: [Self; 6] = [
        Self::Publish,
        Self::Subscribe,
        Self::Signal,
        Self::ForceUnpublish,
        Self::ForceDisconnect,
        Self::ForceMute,
    ];

    /// The permission's name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Subscribe => "subscribe",
            Self::Signal => "signal",
            Self::ForceUnpublish => "forceunpublish",
            Self::ForceDisconnect => "forcedisconnect",
            Self::ForceMute => "forcemute",
        }
    }

    /// The permission of that name; `None` for an unknown one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A set of permissions; on the wire an array of names, where unknown names are ignored.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u8);

impl Permissions {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// The set of these.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= permissions[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Whether `permission` is in the set.
    pub const fn allows(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// The members, in the order of the wire.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.allows(*permission))
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

impl std::fmt::Debug for Permissions {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Permission::name))
    }
}

impl<'de> Deserialize<'de> for Permissions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PermissionsVisitor)
    }
}

struct PermissionsVisitor;

impl<'de> Visitor<'de> for PermissionsVisitor {
    type Value = Permissions;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an array of permission names")
    }

    fn visit_unit<E>(self) -> Result<Permissions, E> {
        Ok(Permissions::NONE)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Permissions, A::Error> {
        let mut bits = 0;
        while let Some(name) = names.next_element::<Name>()? {
            bits |= name.0.map_or(0, Permission::bit);
        }
        Ok(Permissions(bits))
    }
}

/// One element of the array: a name, or anything else that a later protocol may put there.
struct Name(Option<Permission>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Element<'a> {
            #[serde(borrow)]
            Text(std::borrow::Cow<'a, str>),
            Other(IgnoredAny),
        }
        Ok(Self(match Element::deserialize(deserializer)? {
            Element::Text(name) => Permission::from_name(&name),
            Element::Other(_) => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// `rest.md §1.4`, row by row.
    #[test]
    fn each_role_allows_what_the_table_says() {
        let table = [
            (Role::Subscriber, false, r#"["subscribe"]"#),
            (Role::Subscriber, true, r#"["subscribe","signal"]"#),
            (Role::Publisher, false, r#"["publish","subscribe","signal"]"#),
            (Role::PublisherOnly, true, r#"["publish"]"#),
            (
                Role::Moderator,
                false,
                r#"["publish","subscribe","signal","forceunpublish","forcedisconnect","forcemute"]"#,
            ),
        ];
        for (role, subscriber_may_signal, wire) in table {
            let permissions = role.permissions(subscriber_may_signal);
            assert_eq!(serde_json::to_string(&permissions).unwrap(), wire, "{role:?}");
        }
    }

    #[test]
    fn names_of_roles_are_those_of_tokens() {
        for (name, role) in [
            ("subscriber", Some(Role::Subscriber)),
            ("publisher", Some(Role::Publisher)),
            ("publisheronly", Some(Role::PublisherOnly)),
            ("moderator", Some(Role::Moderator)),
            ("Publisher", None),
            ("", None),
        ] {
            assert_eq!(Role::from_name(name), role, "{name}");
        }
    }

    #[test]
    fn unknown_names_and_odd_elements_are_ignored() {
        for (json, expected) in [
            (r#"["publish","fly",null,7,{"a":[1]},"signal"]"#, vec![Permission::Publish, Permission::Signal]),
            (r#"["pub\u006cish","publish"]"#, vec![Permission::Publish]),
            ("[]", vec![]),
            ("null", vec![]),
        ] {
            let read: Permissions = serde_json::from_str(json).unwrap();
            assert_eq!(read, expected.into_iter().collect(), "{json}");
        }
        assert!(serde_json::from_str::<Permissions>("7").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(bits in 0u8..64) {
            let set: Permissions = Permission::ALL.into_iter().filter(|p| bits & p.bit() != 0).collect();
            let text = serde_json::to_string(&set).unwrap();
            prop_assert_eq!(serde_json::from_str::<Permissions>(&text).unwrap(), set);
            let value: Permissions = serde_json::from_value(serde_json::to_value(set).unwrap()).unwrap();
            prop_assert_eq!(value, set);
        }
    }
}
