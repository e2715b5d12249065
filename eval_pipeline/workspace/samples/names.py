"""Word lists that names are drawn from; ours, and ordinary."""

from __future__ import annotations

from collections.abc import Iterable


def sql_list(values: Iterable[str]) -> str:
    """A DuckDB list literal of our own words."""
    return "[" + ", ".join(f"'{value}'" for value in values) + "]"


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


WOMEN = words(
    """
    Ada Alma Amara Anja Beatriz Carla Chiara Clara Dalia Edith Elena Emma Esther Farah Freya Greta Hana Helen
    Ines Iris Jana Julia Kira Lea Leila Lucia Maeve Mara Mina Nadia Noor Olga Paula Priya Rosa Sakura Selma Tara
    Vera Yuki
    """
)
MEN = words(
    """
    Adam Akira Amir Anton Bela Boris Carlos Daniel David Diego Emil Felix Finn Hugo Ivan Jonas Juan Kenji Lars
    Leo Luca Marco Mateo Milan Nils Noah Omar Oscar Pablo Paul Rafael Ravi Samuel Sven Theo Tomas Victor Walter
    Yusuf Zoran
    """
)
FAMILIES = words(
    """
    Abbott Acosta Adler Ahmed Alvarez Baker Barros Becker Bennett Berg Brandt Castillo Chen Costa Dahl Diaz
    Dubois Ekman Evans Farkas Ferrari Fischer Flores Garcia Gupta Haas Hansen Herrera Hughes Ito Ivanov Jansen
    Jensen Kaya Keller Khan Kim Kowalski Larsen Lindqvist Lopez Mancini Martin Mbeki Meyer Mori Nakamura Novak
    Okafor Olsen Ortiz Park Patel Pereira Petrov Quinn Ramos Reyes Ricci Rossi Sato Schmidt Silva Singh Stein
    Tanaka Torres Usman Vargas Wagner Weber Williams Wong Yamada Young Zhang Zimmer
    """
)
STREETS = words(
    """
    Acacia Alder Ash Bay Beech Birch Bridge Canal Castle Cedar Church Elm Field Forest Garden Grove Harbor Hazel
    Hill Lake Laurel Linden Maple Market Meadow Mill Oak Orchard Park Pine River Rose School Spring Station
    Stone Valley Vine Willow
    """
)

# City, state, country, continent, longitude, latitude, district
CITIES = (
    ("New York", "New York", "USA", "North America", -74.01, 40.71, "Harborside"),
    ("Chicago", "Illinois", "USA", "North America", -87.63, 41.88, "Lakeview"),
    ("San Francisco", "California", "USA", "North America", -122.42, 37.77, "Bayfront"),
    ("Seattle", "Washington", "USA", "North America", -122.33, 47.61, "Old Market"),
    ("Austin", "Texas", "USA", "North America", -97.74, 30.27, "Riverside"),
    ("Toronto", "Ontario", "Canada", "North America", -79.38, 43.65, "Old Town"),
    ("Vancouver", "British Columbia", "Canada", "North America", -123.12, 49.28, "West End"),
    ("Mexico City", "Mexico City", "Mexico", "North America", -99.13, 19.43, "Centro"),
    ("São Paulo", "São Paulo", "Brazil", "South America", -46.63, -23.55, "Jardins"),
    ("Buenos Aires", "Buenos Aires", "Argentina", "South America", -58.38, -34.60, "San Telmo"),
    ("London", "England", "UK", "Europe", -0.13, 51.51, "Southbank"),
    ("Paris", "Île-de-France", "France", "Europe", 2.35, 48.86, "Canal"),
    ("Berlin", "Berlin", "Germany", "Europe", 13.40, 52.52, "Mitte"),
    ("Amsterdam", "North Holland", "Netherlands", "Europe", 4.90, 52.37, "Jordaan"),
    ("Stockholm", "Stockholm", "Sweden", "Europe", 18.07, 59.33, "Vasastan"),
    ("Madrid", "Madrid", "Spain", "Europe", -3.70, 40.42, "Salamanca"),
    ("Tokyo", "Tokyo", "Japan", "Asia", 139.69, 35.69, "Ginza"),
    ("Osaka", "Osaka", "Japan", "Asia", 135.50, 34.69, "Namba"),
    ("Singapore", "Singapore", "Singapore", "Asia", 103.82, 1.35, "Marina"),
    ("Mumbai", "Maharashtra", "India", "Asia", 72.88, 19.08, "Bandra"),
    ("Sydney", "New South Wales", "Australia", "Oceania", 151.21, -33.87, "The Rocks"),
    ("Melbourne", "Victoria", "Australia", "Oceania", 144.96, -37.81, "Fitzroy"),
    ("Auckland", "Auckland", "New Zealand", "Oceania", 174.76, -36.85, "Ponsonby"),
    ("Cape Town", "Western Cape", "South Africa", "Africa", 18.42, -33.92, "Waterfront"),
)
