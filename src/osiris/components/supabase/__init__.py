"""Supabase: PostgreSQL with a second door."""

from osiris.components.supabase.config import SupabaseConnection
from osiris.components.supabase.desk import DESK
from osiris.components.supabase.extractor import SupabaseExtractor
from osiris.components.supabase.writer import SupabaseWriter
from osiris.kit.family import Family

FAMILY = Family(
    name="supabase",
    title="Supabase",
    components=(SupabaseExtractor, SupabaseWriter),
    connection=SupabaseConnection,
    dialect="postgres",
    desk=DESK,
)
