//! Closed lists of names, such as the two modes of a clock: one description of each, from which it is read,
//! written and shown in schemas.

/// Describes an enum whose variants are written as names. The first is its default where `derive(Default)`
/// comes before it.
///
/// ```ignore
/// words! {
///     derive(Default)
///     /// Whether a clock runs by itself.
///     pub enum ClockMode {
///         /// With the wall clock.
///         Auto = "auto",
///         /// Only when it is moved.
///         Manual = "manual",
///     }
/// }
/// ```
macro_rules! words {
    (
        $(derive($($derive:ident),*))?
        $(#[doc = $doc:literal])+
        $vis:vis enum $Name:ident {
            $(#[doc = $first_doc:literal])+ $First:ident = $first:literal,
            $($(#[doc = $variant_doc:literal])+ $Variant:ident = $word:literal,)*
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $Name {
            $(#[doc = $first_doc])+ $First,
            $($(#[doc = $variant_doc])+ $Variant,)*
        }

        $($(impl $derive for $Name {
            fn default() -> Self {
                Self::$First
            }
        })*)?

        impl $Name {
            /// All of them, in the order in which they are described.
            #[allow(dead_code, reason = "not every list is walked")]
            $vis const ALL: &[Self] = &[Self::$First $(, Self::$Variant)*];

            /// The name as it is written.
            $vis const fn word(self) -> &'static str {
                match self {
                    Self::$First => $first,
                    $(Self::$Variant => $word,)*
                }
            }
        }

        impl $crate::document::Written for $Name {
            fn expected() -> std::borrow::Cow<'static, str> {
                $crate::document::one_of(&[$first $(, $word)*]).into()
            }

            fn schema(_: &mut $crate::document::Definitions) -> serde_json::Value {
                serde_json::json!({ "type": "string", "enum": [$first $(, $word)*] })
            }

            fn read(
                node: &$crate::document::Node<'_>,
                mistakes: &mut $crate::document::Mistakes,
            ) -> Option<Self> {
                let place = $crate::document::word(node, &[$first $(, $word)*], mistakes)?;
                Self::ALL.get(place).copied()
            }
        }

        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let value = serde_json::Value::deserialize(deserializer)?;
                $crate::document::from_json(&value).map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use words;
