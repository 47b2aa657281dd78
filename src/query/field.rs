//! What records can be filtered and sorted by: fields, and the operators that a list allows on them. The build fills
//! these types from the service's documents and prints them with `Debug`, so what they print must be what one would
//! write; nothing here uses the rest of the crate.

use std::fmt;

/// A field of a resource's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The way to it in a record as it is sent: the names of its members with dots between them.
    pub path: &'static str,
    /// What it holds.
    pub kind: FieldKind,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// True where the record says false, and false where it says true.
    Opposite,
    /// True, whatever the record says.
    Always,
    /// False, whatever the record says.
    Never,
    /// A point in time.
    Time,
    /// A list of texts.
    Texts,
}

impl FieldKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "Text",
            Self::Number => "Number",
            Self::Boolean => "Boolean",
            Self::Opposite => "Opposite",
            Self::Always => "Always",
            Self::Never => "Never",
            Self::Time => "Time",
            Self::Texts => "Texts",
        }
    }
}

/// With the type's name, since parameters have kinds of the same names.
impl fmt::Debug for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldKind::{}", self.name())
    }
}

/// How a condition compares a field with values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `f eq v`: equal.
    Eq,
    /// `f ne v`: not equal.
    Ne,
    /// `f gt v`: greater.
    Gt,
    /// `f ge v`: greater or equal.
    Ge,
    /// `f lt v`: less.
    Lt,
    /// `f le v`: less or equal.
    Le,
    /// `f co v`: contains.
    Co,
    /// `f sw v`: starts with.
    Sw,
    /// `f in (v, v)`: one of several.
    In,
    /// `f ca (v, v)`: the list contains all of them.
    Ca,
    /// `f isnull`: there is no value.
    IsNull,
    /// `pr f`: there is a value.
    Pr,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 12] = [
        Self::Eq,
        Self::Ne,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
        Self::Co,
        Self::Sw,
        Self::In,
        Self::Ca,
        Self::IsNull,
        Self::Pr,
    ];

    /// How it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::In => "in",
            Self::Ca => "ca",
            Self::IsNull => "isnull",
            Self::Pr => "pr",
        }
    }

    /// The operator that is written like that.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name() == name)
    }

    /// Whether it makes sense for fields of a kind.
    pub const fn fits(self, kind: FieldKind) -> bool {
        match self {
            Self::Eq | Self::Ne | Self::In | Self::IsNull | Self::Pr => true,
            Self::Gt | Self::Ge | Self::Lt | Self::Le => {
                matches!(kind, FieldKind::Text | FieldKind::Number | FieldKind::Time)
            }
            Self::Co | Self::Sw => matches!(kind, FieldKind::Text | FieldKind::Time | FieldKind::Texts),
            Self::Ca => matches!(kind, FieldKind::Texts),
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operators(pub u16);

impl Operators {
    /// These operators.
    pub const fn of(operators: &[Operator]) -> Self {
        let (mut bits, mut place) = (0, 0);
        while place < operators.len() {
            bits |= operators[place].bit();
            place += 1;
        }
        Self(bits)
    }

    /// Whether one of them is in the set.
    pub const fn has(self, operator: Operator) -> bool {
        self.0 & operator.bit() != 0
    }

    /// Those in the set.
    pub fn iter(self) -> impl Iterator<Item = Operator> {
        Operator::ALL.into_iter().filter(move |operator| self.has(*operator))
    }
}

/// A field that the filters of a list may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filterable {
    /// Its name in a filter.
    pub name: &'static str,
    /// Its place among the fields of the resource.
    pub field: usize,
    /// What may be asked of it.
    pub operators: Operators,
}

/// A field that the sorters of a list may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sortable {
    /// Its name in sorters.
    pub name: &'static str,
    /// Its place among the fields of the resource.
    pub field: usize,
}

/// What a list can be filtered and sorted by.
#[derive(Clone, Copy, Debug)]
pub struct Selectable {
    /// Whose records they are.
    pub resource: &'static str,
    /// All fields of these records by which any list is filtered or sorted.
    pub fields: &'static [Field],
    /// Those that filters may name.
    pub filters: &'static [Filterable],
    /// Those that sorters may name.
    pub sorters: &'static [Sortable],
}
