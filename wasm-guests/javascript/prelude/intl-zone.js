// Time zones: UTC, fixed offsets, and the larger zones by the daylight-saving rules in force today. For dates before 2007 the rules of
// today are applied; the database of all rules is not here.

const HOUR = 3600000;
// Standard offset in hours, rule, and for North America the letters of the abbreviation.
const ZONES = {
  "America/New_York": [-5, "US", "E"], "America/Detroit": [-5, "US", "E"], "America/Toronto": [-5, "US", "E"], "America/Chicago": [-6, "US", "C"], "America/Winnipeg": [-6, "US", "C"], "America/Denver": [-7, "US", "M"], "America/Edmonton": [-7, "US", "M"], "America/Phoenix": [-7, "", "M"], "America/Los_Angeles": [-8, "US", "P"], "America/Vancouver": [-8, "US", "P"], "America/Anchorage": [-9, "US", "AK"], "Pacific/Honolulu": [-10, "", "H"], "America/Halifax": [-4, "US", "A"], "America/St_Johns": [-3.5, "US"],
  "America/Sao_Paulo": [-3, ""], "America/Argentina/Buenos_Aires": [-3, ""], "America/Buenos_Aires": [-3, ""], "America/Bogota": [-5, ""], "America/Lima": [-5, ""], "America/Mexico_City": [-6, "", "C"], "America/Caracas": [-4, ""],
  "Europe/London": [0, "EU"], "Europe/Dublin": [0, "EU"], "Europe/Lisbon": [0, "EU"], "Atlantic/Reykjavik": [0, ""], "Europe/Moscow": [3, ""], "Europe/Istanbul": [3, ""], "Europe/Minsk": [3, ""],
  "Africa/Cairo": [2, "EG"], "Africa/Johannesburg": [2, ""], "Africa/Lagos": [1, ""], "Africa/Nairobi": [3, ""], "Africa/Casablanca": [1, ""], "Africa/Accra": [0, ""], "Africa/Algiers": [1, ""],
  "Asia/Dubai": [4, ""], "Asia/Karachi": [5, ""], "Asia/Kolkata": [5.5, ""], "Asia/Calcutta": [5.5, ""], "Asia/Kathmandu": [5.75, ""], "Asia/Dhaka": [6, ""], "Asia/Bangkok": [7, ""], "Asia/Ho_Chi_Minh": [7, ""], "Asia/Jakarta": [7, ""], "Asia/Shanghai": [8, ""], "Asia/Hong_Kong": [8, ""], "Asia/Singapore": [8, ""], "Asia/Taipei": [8, ""], "Asia/Manila": [8, ""], "Asia/Kuala_Lumpur": [8, ""], "Australia/Perth": [8, ""], "Asia/Tokyo": [9, ""], "Asia/Seoul": [9, ""], "Asia/Riyadh": [3, ""], "Asia/Baghdad": [3, ""], "Asia/Tehran": [3.5, ""], "Asia/Tashkent": [5, ""], "Asia/Kabul": [4.5, ""], "Asia/Yangon": [6.5, ""],
  "Australia/Sydney": [10, "AU"], "Australia/Melbourne": [10, "AU"], "Australia/Hobart": [10, "AU"], "Australia/Brisbane": [10, ""], "Australia/Adelaide": [9.5, "AU"], "Australia/Darwin": [9.5, ""], "Pacific/Auckland": [12, "NZ"], "Pacific/Fiji": [12, ""],
};
for (const city of ["Paris", "Berlin", "Madrid", "Rome", "Amsterdam", "Brussels", "Vienna", "Zurich", "Stockholm", "Oslo", "Copenhagen", "Prague", "Warsaw", "Budapest", "Belgrade", "Zagreb", "Luxembourg", "Monaco", "Malta"]) ZONES[`Europe/${city}`] = [1, "EU"];
for (const city of ["Athens", "Helsinki", "Kiev", "Kyiv", "Bucharest", "Sofia", "Riga", "Vilnius", "Tallinn"]) ZONES[`Europe/${city}`] = [2, "EU"];
const UTC = /^(?:utc|gmt|etc\/(?:utc|gmt)|z|zulu)$/i;

/** The zone by its name; a name that is not known is an error, as the standard has it. */
export function zoneOf(name) {
  if (name === undefined || UTC.test(name)) return { name: "UTC", hours: 0, rule: "" };
  const offset = /^([+-])(\d{2}):?(\d{2})?$/.exec(name);
  if (offset) {
    const hours = (Number(offset[2]) + Number(offset[3] ?? 0) / 60) * (offset[1] === "-" ? -1 : 1);
    return { name: `${offset[1]}${offset[2]}:${offset[3] ?? "00"}`, hours, rule: "" };
  }
  const known = Object.keys(ZONES).find((zone) => zone.toLowerCase() === `${name}`.toLowerCase());
  if (!known) throw new RangeError(`Invalid time zone specified: ${name} (the sandbox knows UTC, offsets like +02:00 and the larger zones)`);
  const [hours, rule, letters] = ZONES[known];
  return { name: known, hours, rule, letters };
}

// The time of the nth Sunday of a month (n < 0: from its end), at a time of day, in UTC as if that were local.
function sunday(year, month, n, hours) {
  const first = new Date(Date.UTC(year, month, 1)).getUTCDay();
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  let day = 1 + ((7 - first) % 7);
  if (n > 0) day += 7 * (n - 1);
  else while (day + 7 <= days) day += 7;
  return Date.UTC(year, month, day) + hours * HOUR;
}

function isSummer(zone, time) {
  const year = new Date(time + zone.hours * HOUR).getUTCFullYear();
  const local = zone.hours * HOUR;
  switch (zone.rule) {
    case "US":
      return time >= sunday(year, 2, 2, 2) - local && time < sunday(year, 10, 1, 1) - local;
    case "EU":
      return time >= sunday(year, 2, -1, 1) && time < sunday(year, 9, -1, 1);
    case "EG":
      return time >= sunday(year, 3, -1, -48) - local && time < sunday(year, 9, -1, -72 + 23) - local;
    case "AU":
      return time >= sunday(year, 9, 1, 2) - local || time < sunday(year, 3, 1, 2) - local;
    case "NZ":
      return time >= sunday(year, 8, -1, 2) - local || time < sunday(year, 3, 1, 2) - local;
    default:
      return false;
  }
}

/** Milliseconds that the zone's clocks are ahead of UTC at a time. */
export const offsetAt = (zone, time) => (zone.hours + (isSummer(zone, time) ? 1 : 0)) * HOUR;

const WORDS = { E: "Eastern", C: "Central", M: "Mountain", P: "Pacific", AK: "Alaska", H: "Hawaii-Aleutian", A: "Atlantic" };

/** The zone's name as a date shows it. */
export function zoneName(zone, time, style) {
  if (zone.name === "UTC") return style === "long" ? "Coordinated Universal Time" : style?.includes("ffset") ? "GMT" : "UTC";
  const summer = isSummer(zone, time);
  if (zone.letters && !style?.includes("ffset")) return style === "long" ? `${WORDS[zone.letters]} ${summer ? "Daylight" : "Standard"} Time` : `${zone.letters}${summer ? "D" : "S"}T`;
  const minutes = offsetAt(zone, time) / 60000;
  if (minutes === 0) return "GMT";
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const long = style === "longOffset";
  return `GMT${minutes < 0 ? "-" : "+"}${long ? `${hours}`.padStart(2, "0") : hours}${rest || long ? `:${`${rest}`.padStart(2, "0")}` : ""}`;
}
