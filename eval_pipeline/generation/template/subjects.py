"""Every subject, in the order that breaks ties."""

from __future__ import annotations

from eval_pipeline.generation.template.subjects_bakehouse import REVIEWS, SALES, SUPPLIERS
from eval_pipeline.generation.template.subjects_nyctaxi import TRIPS
from eval_pipeline.generation.template.subjects_orders import CUSTOMERS, ORDERS
from eval_pipeline.generation.template.subjects_supply import LINES, STOCK

SUBJECTS = (TRIPS, SALES, REVIEWS, SUPPLIERS, ORDERS, LINES, CUSTOMERS, STOCK)
