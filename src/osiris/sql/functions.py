"""Which functions a query may call, per dialect: an allow-list, and the reasons why others are not on it.

A function is on the list when it computes its answer from its arguments (or from a clock, or by chance) and changes
nothing. Whatever is not on it is refused, known or not, so that the next release of a database opens no door.
"""

import re

from osiris.model.nearest import nearest

_COMMON = """
abs acos asin atan atan2 avg cast ceil ceiling coalesce concat concat_ws cos cot count degrees exp floor greatest
least left length ln log log10 lower lpad ltrim max min mod nullif octet_length pi position pow power radians
replace right round rpad rtrim sign sin sqrt substr substring sum tan trim trunc upper
char_length character_length extract row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value
last_value nth_value grouping
"""

_DUCKDB = """
log2 acosh add age any_value apply approx_count_distinct approx_quantile approx_top_k arbitrary arg_max arg_max_null
arg_max_nulls_last arg_min arg_min_null arg_min_nulls_last argmax argmin array_agg array_aggr array_aggregate
array_append array_apply array_cat array_concat array_contains array_cosine_distance array_cosine_similarity
array_cross_product array_distance array_distinct array_dot_product array_extract array_filter array_grade_up
array_has array_has_all array_has_any array_indexof array_inner_product array_intersect array_length
array_negative_dot_product array_negative_inner_product array_pop_back array_pop_front array_position array_prepend
array_push_back array_push_front array_reduce array_resize array_reverse array_reverse_sort array_select array_slice
array_sort array_to_json array_to_string array_to_string_comma_default array_transform array_unique array_value
array_where array_zip ascii asinh atanh bar base64 bin bit_and bit_count bit_length bit_or bit_position bit_xor
bitstring bitstring_agg bool_and bool_or cardinality cbrt century chr columns contains corr cosh count_if count_star
countif covar_pop covar_samp current_catalog current_database current_date current_localtime current_localtimestamp
current_schema current_time current_timestamp current_user damerau_levenshtein date_add date_diff date_part date_sub
date_trunc datediff datepart datesub datetrunc day dayname dayofmonth dayofweek dayofyear days_in_month decade decode
divide editdist3 element_at encode ends_with entropy enum_code enum_first enum_last enum_range enum_range_boundary
epoch epoch_ms epoch_ns epoch_us equi_width_bins era error even exists factorial favg fdiv fill filter first flatten
fmod format format_bytes formatreadabledecimalsize formatreadablesize from_base64 from_binary from_hex from_json
from_json_strict fsum gamma gcd gen_random_uuid generate_series generate_subscripts geomean geometric_mean get_bit
get_current_time get_current_timestamp glob_match grade_up greatest_common_divisor group_concat grouping_id hamming
hash hex histogram histogram_exact hour if ifnull instr is_histogram_other_bin isfinite isinf isnan
isodow isoyear jaccard jaro_similarity jaro_winkler_similarity json_array json_array_length json_contains
json_deep_merge json_each json_exists json_extract json_extract_path json_extract_path_text json_extract_string
json_group_array json_group_object json_group_structure json_insert json_keys json_merge_patch json_merge_patch_diff
json_normalize json_object json_pretty json_quote json_remove json_replace json_set json_strip_nulls json_structure
json_transform json_transform_strict json_tree json_type json_valid json_value julian kahan_sum kurtosis kurtosis_pop
last last_day lcase lcm least_common_multiple left_grapheme len length_grapheme levenshtein lgamma like_escape
ilike_escape list list_aggr list_aggregate list_any_value list_append list_apply list_approx_count_distinct list_avg
list_bit_and list_bit_or list_bit_xor list_bool_and list_bool_or list_cat list_concat list_contains
list_cosine_distance list_cosine_similarity list_count list_distance list_distinct list_dot_product list_element
list_entropy list_extract list_filter list_first list_grade_up list_has list_has_all list_has_any list_histogram
list_indexof list_inner_product list_intersect list_kurtosis list_kurtosis_pop list_last list_mad list_max
list_median list_min list_mode list_negative_dot_product list_negative_inner_product list_pack list_position
list_prepend list_product list_reduce list_resize list_reverse list_reverse_sort list_select list_sem list_skewness
list_slice list_sort list_stddev_pop list_stddev_samp list_string_agg list_sum list_transform list_unique list_value
list_var_pop list_var_samp list_where list_zip listagg lttb mad make_date make_time make_timestamp make_timestamp_ms
make_timestamp_ns make_timestamptz map map_concat map_contains map_contains_entry map_contains_value map_entries
map_extract map_extract_value map_from_entries map_keys map_values max_by md5 md5_number md5_number_lower
md5_number_upper mean median microsecond millennium millisecond min_by minute mismatches mode month monthname
multiply nanosecond nextafter nfc_normalize normalized_interval not_ilike_escape not_like_escape now ord overlay
parse_dirname parse_dirpath parse_filename parse_formatted_bytes parse_path pg_size_pretty pg_typeof prefix printf
product quantile quantile_cont quantile_disc quarter random range rank_dense reduce regexp_escape regexp_extract
regexp_extract_all regexp_full_match regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table
regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy remap_struct repeat
repeat_row reservoir_quantile reverse right_grapheme round_even roundbankers row row_to_json second sem set_bit sha1
sha256 signbit sinh skewness split split_part starts_with stddev stddev_pop stddev_samp str_split str_split_regex
strftime string_agg string_split string_split_regex string_to_array strip_accents strlen strpos strptime
struct_concat struct_contains struct_extract struct_extract_at struct_has struct_indexof struct_insert struct_keys
struct_pack struct_position struct_update struct_values substring_grapheme subtract suffix sum_no_overflow sumkahan
tanh time_bucket timezone timezone_hour timezone_minute to_base to_base64 to_binary to_centuries to_days to_decades
to_hex to_hours to_json to_microseconds to_millennia to_milliseconds to_minutes to_months to_quarters to_seconds
to_timestamp to_weeks to_years time today transaction_timestamp translate try try_cast try_strptime typeof ucase unbin
unhex unicode union_extract union_tag union_value unnest unpivot_list url_decode url_encode uuid
uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7 var_pop var_samp variance variant_array_length
variant_contains variant_exists variant_extract variant_extract_string variant_group_array variant_group_object
variant_keys variant_type variant_typeof version wavg week weekday weekofyear weighted_avg xor year yearweek
"""

_SQLITE = """
iif log2 acosh asinh atanh auto_extension changes_of char coalesce cosh current_date current_time current_timestamp date
datetime exists format generate_series glob group_concat hex if ifnull instr json json_array json_array_insert
json_array_length json_each json_error_position json_extract json_group_array json_group_object json_insert
json_object json_patch json_pretty json_quote json_remove json_replace json_set json_tree json_type json_valid jsonb
jsonb_array jsonb_array_insert jsonb_each jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object
jsonb_patch jsonb_remove jsonb_replace jsonb_set jsonb_tree julianday like likelihood likely match median percentile
percentile_cont percentile_disc printf quote random randomblob sinh snippet bm25 highlight soundex sqlite_version
string_agg strftime tanh time timediff total typeof unhex unicode unistr unistr_quote unixepoch unlikely zeroblob
"""

_MYSQL = """
log2 add_months adddate addtime any_value ascii bin bit_and bit_count bit_length bit_or bit_xor char charset chr
coercibility collation compress conv convert convert_tz crc32 curdate current_date current_role current_time
current_timestamp current_user curtime database date date_add date_format date_sub datediff day dayname dayofmonth
dayofweek dayofyear elt exists export_set field find_in_set format from_base64 from_days from_unixtime get_format
group_concat hex hour if ifnull inet_aton inet_ntoa inet6_aton inet6_ntoa insert instr interval is_ipv4
is_ipv4_compat is_ipv4_mapped is_ipv6 is_uuid isnull json_array json_array_append json_array_insert json_arrayagg
json_compact json_contains json_contains_path json_depth json_detailed json_equals json_exists json_extract
json_insert json_keys json_length json_loose json_merge_patch json_merge_preserve json_normalize json_object
json_objectagg json_overlaps json_pretty json_query json_quote json_remove json_replace json_schema_valid
json_search json_set json_storage_size json_table json_type json_unquote json_valid json_value last_day lcase
localtime localtimestamp locate make_set makedate maketime match md5 median microsecond mid minute month monthname
natural_sort_key now nvl nvl2 oct ord percentile_cont percentile_disc period_add period_diff quarter quote rand
regexp_instr regexp_like regexp_replace regexp_substr repeat reverse row schema sec_to_time second session_user sha
sha1 sha2 soundex space st_area st_asgeojson st_astext st_contains st_distance st_distance_sphere st_geomfromtext
st_intersects st_latitude st_longitude st_within st_x st_y std stddev stddev_pop stddev_samp str_to_date strcmp
subdate substring_index subtime sysdate system_user time time_format time_to_sec timediff timestamp timestampadd
timestampdiff to_base64 to_char to_days to_seconds truncate ucase uncompress uncompressed_length unhex
unix_timestamp user utc_date utc_time utc_timestamp uuid uuid_short uuid_to_bin bin_to_uuid values var_pop var_samp
variance version week weekday weekofyear weight_string year yearweek
"""

_POSTGRES = """
abbrev acosd acosh age any_value area array_agg array_append array_cat array_dims array_fill array_length
array_lower array_ndims array_position array_positions array_prepend array_remove array_replace array_sample
array_shuffle array_sort array_to_json array_to_string array_to_tsvector array_upper ascii asind asinh atan2d atand
atanh bit_and bit_count bit_length bit_or bit_xor bool_and bool_or broadcast btrim cardinality cbrt center chr
clock_timestamp col_description convert_from convert_to corr cosd cosh cotd covar_pop covar_samp crc32
current_catalog current_database current_date current_role current_schema current_schemas current_time
current_timestamp current_user date date_add date_bin date_part date_subtract date_trunc datemultirange daterange
decode diameter div encode enum_first enum_last enum_range erf every exists factorial family format format_type gcd
gen_random_uuid generate_series generate_subscripts get_bit get_byte height host hostmask inet_merge
inet_same_family initcap int4multirange int4range int8multirange int8range isempty isfinite json_agg json_array
json_array_elements json_array_elements_text json_array_length json_arrayagg json_build_array json_build_object
json_each json_each_text json_exists json_extract_path json_extract_path_text json_object json_object_agg
json_object_keys json_objectagg json_populate_record json_populate_recordset json_query json_scalar json_serialize
json_strip_nulls json_table json_to_record json_to_recordset json_typeof json_value jsonb_agg jsonb_array_elements
jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_concat jsonb_contains
jsonb_each jsonb_each_text jsonb_exists jsonb_exists_all jsonb_exists_any jsonb_extract_path
jsonb_extract_path_text jsonb_insert jsonb_object jsonb_object_agg jsonb_object_keys jsonb_path_exists
jsonb_path_match jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_populate_record
jsonb_populate_recordset jsonb_pretty jsonb_set jsonb_strip_nulls jsonb_to_record jsonb_to_recordset jsonb_typeof
justify_days justify_hours justify_interval lcm localtime localtimestamp lower_inc lower_inf macaddr8_set7bit
make_date make_interval make_time make_timestamp make_timestamptz masklen md5 min_scale mode multirange
netmask network normalize now npoints num_nonnulls num_nulls nummultirange numnode numrange obj_description overlay
parse_ident percentile_cont percentile_disc pg_column_size pg_get_constraintdef pg_get_expr pg_get_indexdef
pg_get_viewdef pg_indexes_size pg_relation_size pg_size_bytes pg_size_pretty pg_table_size pg_total_relation_size
pg_typeof phraseto_tsquery plainto_tsquery querytree quote_ident quote_literal quote_nullable radius random
random_normal range_agg range_intersect_agg range_merge regexp_count regexp_instr regexp_like regexp_match
regexp_matches regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr regr_avgx regr_avgy
regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy repeat reverse row row_to_json scale
session_user setweight sha224 sha256 sha384 sha512 similarity sind sinh split_part starts_with statement_timestamp
stddev stddev_pop stddev_samp string_agg string_to_array string_to_table strip strpos tand tanh timeofday timezone
to_ascii to_bin to_char to_date to_hex to_json to_jsonb to_number to_oct to_regclass to_regtype to_timestamp
to_tsquery to_tsvector transaction_timestamp translate trim_array trim_scale ts_delete ts_filter ts_headline ts_rank
ts_rank_cd tsmultirange tsquery_phrase tsrange tstzmultirange tstzrange tsvector_to_array unaccent
unicode_assigned unistr unnest upper_inc upper_inf user uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7
var_pop var_samp variance version websearch_to_tsquery width width_bucket word_similarity
"""

ALLOWED: dict[str, frozenset[str]] = {
    dialect: frozenset((_COMMON + names).split())
    for dialect, names in {"duckdb": _DUCKDB, "sqlite": _SQLITE, "mysql": _MYSQL, "postgres": _POSTGRES}.items()
}
ALLOWED["sqlite"] -= {"auto_extension", "changes_of", "left", "right"}

# In FROM, DuckDB finds other functions under the same names: its `histogram` reads any table or file that text names.
IN_FROM: dict[str, frozenset[str]] = {
    "duckdb": frozenset({"range", "generate_series", "unnest", "json_each", "json_tree", "repeat", "repeat_row"}),
}

_TYPES_WORDS = """
array bigint bigserial binary bit blob bool boolean box bpchar bytea char character cidr circle clob date datetime
datetime2 dec decimal double enum fixed float float4 float8 geometry hugeint inet int int1 int16 int2 int32 int4
int64 int8 integer interval json jsonb line list long longblob longtext lseg macaddr macaddr8 map mediumblob
mediumint mediumtext money national nchar numeric nvarchar oid path point polygon precision real regclass serial set
short signed smallint string struct text time timestamp timestamp_ms timestamp_ns timestamp_s timestamptz timetz
tinyblob tinyint tinytext tsquery tsvector ubigint uhugeint uinteger union unsigned usmallint utinyint uuid varbinary
varbit varchar variant varying xml year
"""
TYPES = frozenset(_TYPES_WORDS.split())

# What a function does, by how its name begins; `$` ends it.
_DANGER_WORDS = {
    "reads files": """
        read_ parquet_ sniff_csv glob$ pg_read_ pg_ls_ pg_stat_file lo_ load_file readfile fsdir zipfile .*_scan$
        pg_current_logfile pg_relation_filepath loread pg_file_ st_read csv$ .*_dump$ .*_metadata$""",
    "writes files": "writefile edit$ copy_database export_database write_ lowrite",
    "runs code outside the database": """
        load_extension fts3_tokenizer sys_exec sys_eval system$ shell eval$ getenv python_ xp_cmdshell""",
    "keeps the server busy": "sleep pg_sleep benchmark wait_for .*_pos_wait .*_gtid_wait wsrep_sync",
    "signs on elsewhere": "dblink postgres_query mysql_query sqlite_query http_ .*_attach",
    "acts on the server": """
        pg_terminate pg_cancel pg_reload pg_rotate pg_switch pg_promote pg_start_ pg_stop_ pg_backup pg_wal
        pg_stat_reset pg_log_ pg_import kill checkpoint force_checkpoint pg_stat_clear pg_prewarm shutdown""",
    "changes a setting or a sequence": """
        set_config setval nextval currval lastval setseed last_insert_id enable_ disable_ truncate_ pg_nextoid
        add_grammar remove_grammar register_external deregister_external create_external destroy_external""",
    "takes or asks for a lock": """
        pg_advisory pg_try_advisory get_lock release_ is_free_lock is_used_lock pg_notify pg_lock""",
    "runs SQL that stands in text": """
        .*_to_xml query$ query_table ts_stat ts_rewrite crosstab json_execute .*xmlschema connectby statement_digest
        invoke$ json_serialize_ json_deserialize_ histogram""",
    "shows the server's settings or secrets": """
        duckdb_ pragma_ current_setting which_secret getvariable pg_show_ pg_hba pg_ident pg_stat_get inet_client
        inet_server pg_backend_pid pg_control pg_config current_query connection_id pg_blocking ps_ row_count found_rows
        total_changes changes$ last_insert_rowid""",
    "changes the server's state": """
        txid_ pg_current_xact pg_export_snapshot pg_create_ pg_drop_ pg_logical pg_replication pg_copy_""",
    "stops the query, or shows data in an error": "name_const raise$ extractvalue updatexml procedure analyse",
}
_DANGERS = tuple((why, re.compile("|".join(words.split()))) for why, words in _DANGER_WORDS.items())


def allowed(name: str, dialect: str) -> bool:
    """Say whether a query may call a function; case does not count."""
    return name.lower() in ALLOWED[dialect]


def danger(name: str) -> str:
    """Return what a function of that name does that no query may do; empty where none is known."""
    return next((why for why, pattern in _DANGERS if pattern.match(name.lower())), "")


def alike(name: str, dialect: str) -> tuple[str, ...]:
    """Return the allowed functions whose names look most like a name, best first."""
    return nearest(name, ALLOWED[dialect])
