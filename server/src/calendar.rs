//! Days of the Gregorian calendar, for the one kind of date that the configuration has and the one that an answer has. No
//! crate is taken for that: the arithmetic is these two functions, each tested against the other over all its years.

/// A date; months and days count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

/// Days from 0000-03-01 to 1970-01-01. Years that begin in March have the odd day of leap years at their end.
const DAYS_BEFORE_1970: i64 = 719_468;
/// Days of 400 years, after which the calendar repeats itself.
const ERA: i64 = 146_097;

impl Date {
    /// The day that is so many days after 1970-01-01.
    pub(crate) fn from_unix(days: i64) -> Self {
        let days = days + DAYS_BEFORE_1970;
        let (era, day_of_era) = (days.div_euclid(ERA), days.rem_euclid(ERA));
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / (ERA - 1)) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self { year: era * 400 + year_of_era + i64::from(month < 3), month, day }
    }

    /// Days from 1970-01-01 to it.
    pub(crate) fn unix(self) -> i64 {
        let Self { year, month, day } = self;
        let (year, from_march) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
        let day_of_year = (153 * from_march + 2) / 5 + day - 1;
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        year * 365 + leap_days + day_of_year - DAYS_BEFORE_1970
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_two_eras_follows_the_one_before() {
        let last_of = |year: i64, month: i64| match month {
            2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let mut expected = Date { year: 1600, month: 1, day: 1 };
        let first = expected.unix();
        for days in first..first + 2 * ERA {
            assert_eq!((Date::from_unix(days), expected.unix()), (expected, days));
            let Date { year, month, day } = expected;
            expected = match (month, day == last_of(year, month)) {
                (_, false) => Date { day: day + 1, ..expected },
                (12, true) => Date { year: year + 1, month: 1, day: 1 },
                (_, true) => Date { month: month + 1, day: 1, ..expected },
            };
        }
        assert_eq!(expected, Date { year: 2400, month: 1, day: 1 });
        assert_eq!(Date { year: 1970, month: 1, day: 1 }.unix(), 0);
    }
}
