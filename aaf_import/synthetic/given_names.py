"""Given names of children and of adults, by sex and origin, the more frequent first."""

from dataclasses import dataclass

from aaf_import.synthetic.surnames import Origin


@dataclass(frozen=True, slots=True)
class GivenNames:
    girls: tuple[str, ...]
    boys: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]


def _names(text: str) -> tuple[str, ...]:
    return tuple(" ".join(name.split()) for name in text.split(","))


COMMON = GivenNames(
    girls=_names("""
        Jade, Louise, Emma, Alice, Lina, Chloé, Rose, Anna, Mila, Inès, Léa, Camille, Manon, Zoé, Juliette,
        Léna, Julia, Sarah, Lola, Agathe, Romane, Jeanne, Éva, Lou, Charlotte, Nina, Victoire, Clara, Lucie,
        Adèle, Margaux, Ambre, Iris, Victoria, Mathilde, Éloïse, Élise, Mya, Lya, Maëlys, Louna, Capucine,
        Noémie, Clémence, Gabrielle, Apolline, Héloïse, Célia, Océane, Anaïs, Lilou, Alicia, Elsa, Maëlle,
        Olivia, Salomé, Margot, Faustine, Alix, Thaïs, Lana, Candice, Justine, Constance, Mélissa, Emy,
        Lisa, Laura, Marie, Valentine, Pauline, Ninon, Roxane, Eléa, Stella, Alya, Giulia, Luna, Flora,
        Diane, Mélina, Maya, Elena, Ava, Garance, Suzanne, Joséphine, Colette, Simone, Albane, Élina,
        Marion, Amandine, Ophélie, Coralie, Eugénie, Blanche, Hortense, Solène, Maïwenn, Loane, Lise,
        Anne-Lise, Marie-Lou, Lou-Anne, Lily-Rose, Anna-Lisa, Lœtitia, Maÿlis, Zélie, Cléo, Mahaut, Swann,
        Eden, Andréa, Kelly, Océanne, Tess, Prune, Esther, Judith, Rachel, Déborah, Myriam, Eulalie,
        Philippine
    """),
    boys=_names("""
        Gabriel, Léo, Raphaël, Louis, Arthur, Jules, Hugo, Lucas, Adam, Maël, Liam, Ethan, Noah, Nathan,
        Paul, Tom, Sacha, Gabin, Théo, Nolan, Timéo, Enzo, Mathis, Aaron, Axel, Victor, Antoine, Valentin,
        Martin, Noé, Robin, Clément, Baptiste, Maxime, Samuel, Eliott, Yanis, Alexandre, Evan, Augustin,
        Simon, Rafaël, Eden, Isaac, Maxence, Côme, Marius, Gaspard, Thomas, Léon, Naël, Tiago, Mathéo, Malo,
        Adrien, Camille, Lenny, Marceau, Titouan, Oscar, Basile, Romain, Esteban, Antonin, Diego, Alexis,
        Noa, Milo, Joseph, Ilyan, Ruben, Kylian, Charles, Lorenzo, Joachim, Quentin, Bastien, Benjamin,
        Nicolas, Julien, Pierre, Guillaume, Dylan, Jean, Corentin, Tristan, Sofiane, Elouan, William,
        Amaury, Édouard, Émile, Étienne, Félix, François, Georges, Grégoire, Henri, Hippolyte, Jérémy, Joël,
        Jean-Noël, Jean-Baptiste, Pierre-Louis, Paul-Émile, Loïc, Loris, Matteo, Mickaël, Owen, Rémi, Swann,
        Sébastien, Thibault, Timothée, Ulysse, Ugo, Wesley, Yoann, Zacharie, Célestin, Anatole, Aloïs, Ezio
    """),
    women=_names("""
        Aurélie, Émilie, Céline, Élodie, Julie, Stéphanie, Audrey, Virginie, Sandrine, Laetitia, Delphine,
        Nathalie, Sophie, Caroline, Marie, Christelle, Isabelle, Valérie, Jennifer, Séverine, Karine, Laura,
        Mélanie, Vanessa, Amélie, Sabrina, Cindy, Anne, Claire, Hélène, Magali, Jessica, Nadia, Sylvie,
        Fanny, Angélique, Charlotte, Pauline, Marion, Mathilde, Camille, Sarah, Emmanuelle, Myriam, Estelle,
        Florence, Alexandra, Anaïs, Aurore, Bénédicte, Carole, Catherine, Cécile, Christine, Coralie,
        Corinne, Émeline, Fabienne, Gaëlle, Géraldine, Ingrid, Johanna, Laurence, Ludivine, Lucie, Maud,
        Mylène, Noémie, Patricia, Peggy, Priscilla, Rachel, Samantha, Solène, Tiphaine, Véronique,
        Anne-Sophie, Anne-Laure, Marie-Laure, Marie-Pierre, Marie-Ève, Marie-Annick, Marie-Josée,
        Anne-Cécile, Lœtitia, Joëlle, Maëva, Élise, Ève, Blandine, Brigitte, Clémence, Déborah, Dominique,
        Edwige, Flavie, Françoise, Gwladys, Irène, Jocelyne, Justine, Katia, Lise, Lydie, Martine, Muriel,
        Nelly, Odile, Ophélie, Pascale, Raphaëlle, Régine, Rosemay, Sonia, Sylvaine, Thérèse, Victoria,
        Yolande, Zoé
    """),
    men=_names("""
        Nicolas, Julien, Sébastien, Guillaume, David, Christophe, Stéphane, Frédéric, Jérôme, Thomas,
        Alexandre, Olivier, Laurent, Mickaël, Cédric, Vincent, Anthony, Arnaud, Romain, Ludovic, Benjamin,
        Matthieu, Pierre, Fabien, Kevin, Jonathan, Maxime, Grégory, Éric, Philippe, Damien, Pascal, Thierry,
        François, Bruno, Patrick, Xavier, Antoine, Rémi, Samuel, Fabrice, Cyril, Yann, Aurélien, Gaël,
        Franck, Emmanuel, Benoît, Didier, Jean, Michel, Alain, Denis, Dominique, Dimitri, Florian, Gilles,
        Gérard, Hervé, Hugues, Jacques, Jean-Baptiste, Jean-Charles, Jean-François, Jean-Hugues, Jean-Luc,
        Jean-Marc, Jean-Michel, Jean-Noël, Jean-Philippe, Jean-Pierre, Jimmy, Joël, Johnny, Jordan, Loïc,
        Lionel, Marc, Martin, Maurice, Mathias, Noël, Pierre-Yves, Quentin, Raphaël, Raymond, Régis,
        Richard, Robert, Rodolphe, Serge, Simon, Steeve, Sylvain, Tanguy, Théophile, Tony, Tristan,
        Valentin, Victor, Wilfrid, William, Yannick, Yoann, Yohan, Yves, Adrien, Alban, Bastien, Baptiste,
        Bertrand, Boris, Camille, Charles, Clément, Étienne, Expédit, Gabin, Geoffrey, Georget, Harry, Ivan,
        Judicaël, Luc
    """),
)

BY_ORIGIN: dict[Origin, GivenNames] = {
    Origin.MAGHREB: GivenNames(
        girls=_names("""
            Inaya, Lina, Yasmine, Assia, Sofia, Amira, Nour, Aya, Imane, Kenza, Lyna, Maryam, Sirine,
            Soumaya, Hafsa, Rania, Hiba, Salma, Jana, Meriem, Farah, Ines, Nesrine, Douaa, Chaïma, Khadija,
            Lilia, Syrine
        """),
        boys=_names("""
            Mohamed, Adam, Yanis, Rayan, Ibrahim, Ayoub, Amine, Ismaël, Younes, Bilal, Idriss, Naïm, Ilyès,
            Youssef, Walid, Anis, Mehdi, Sami, Zakaria, Haroun, Souleymane, Nassim, Kaïs, Wassim, Ali, Islam
        """),
        women=_names("""
            Fatima, Samira, Nadia, Karima, Naïma, Leïla, Malika, Rachida, Souad, Latifa, Hanane, Sabrina,
            Nawel, Siham, Amel, Houria, Fatiha, Zohra, Khadija, Saïda, Mounia, Ilham, Dalila, Aïcha, Warda,
            Yamina
        """),
        men=_names("""
            Karim, Mohamed, Rachid, Samir, Farid, Mourad, Nabil, Hakim, Abdelkader, Saïd, Kamel, Djamel,
            Sofiane, Ahmed, Youcef, Hassan, Omar, Khaled, Mustapha, Brahim, Tarik, Adel, Lotfi, Aziz, Malik,
            Hamid
        """),
    ),
    Origin.IBERIAN: GivenNames(
        girls=_names("""
            Lucía, Inês, Beatriz, Carla, Sofia, Elena, Matilde, Leonor, Alba, Marta, Mariana, Lara, Carmen,
            Conceição, Noa, Daniela
        """),
        boys=_names("""
            Tiago, Diego, Rafael, Miguel, Tomás, Gonçalo, Duarte, Hugo, Mateo, Iker, João, Enzo, Dinis,
            Pablo, Álvaro, Martim
        """),
        women=_names("""
            Maria, Sandra, Ana, Paula, Cristina, Carla, Sónia, Isabel, Fátima, Mónica, Begoña, Carmen,
            Teresa, Lurdes, Elisabete, Dulce
        """),
        men=_names("""
            José, Manuel, Carlos, Paulo, Rui, António, Jorge, Luís, Nuno, João, Pedro, Íñigo, Fernando,
            Sérgio, Filipe, Joaquim
        """),
    ),
    Origin.ASIAN: GivenNames(
        girls=_names(
            "Linh, Mai, Lan, Anh, Thi-Mai, Mei, Xin, Yuna, Priya, Anjali, Kavya, Lila, Kim, Sovanna, Ting"
        ),
        boys=_names(
            "Minh, Duc, Anh-Tuan, Bao, Wei, Jun, Hao, Arjun, Rohan, Kévin, Vithu, Samnang, Long, Tuan, Kenji"
        ),
        women=_names(
            "Thi Lan, Thi Hoa, Ngoc, Hong, Phuong, Ling, Mei-Ling, Xiu, Sita, Lakshmi, Sovann, Chantha, Yan"
        ),
        men=_names(
            "Van Minh, Hung, Quang, Dung, Wei, Jian, Feng, Rajesh, Suresh, Sothea, Vuthy, Thanh, Kou, Tong"
        ),
    ),
    Origin.AFRICAN: GivenNames(
        girls=_names("""
            Aminata, Fatoumata, Mariam, Aïssata, Awa, Kadiatou, Hawa, Assa, Coumba, Maïmouna, Aya, Grâce,
            Divine, Salimata, Naomie, Nilaïma
        """),
        boys=_names("""
            Mamadou, Moussa, Ibrahima, Ousmane, Abdoulaye, Issa, Amadou, Sékou, Cheick, Boubacar, Divin,
            Prince, Samba, Daouda, Nadjim, El-Hadj
        """),
        women=_names("""
            Fatoumata, Mariama, Aminata, Aïssatou, Oumou, Djeneba, Bintou, Ramatoulaye, Clarisse, Solange,
            Mireille, Zaïnaba, Moinaecha, Rokhaya, Hortense, Adja
        """),
        men=_names("""
            Mamadou, Amadou, Ibrahima, Abdoulaye, Moussa, Seydou, Boubacar, Lamine, Bakary, Souleymane, Guy,
            Célestin, Saïd, Attoumani, Cheikh, Aimé
        """),
    ),
    Origin.BRETON: GivenNames(
        girls=_names(
            "Maëlle, Nolwenn, Enora, Gwenn, Rozenn, Maïwenn, Lenaïg, Katell, Azilis, Soazig, Bleuenn, Youna"
        ),
        boys=_names(
            "Malo, Ewen, Titouan, Gwendal, Yann, Erwan, Maël, Elouan, Brieuc, Tugdual, Ronan, Goulven, Milo"
        ),
        women=_names(
            "Gwenaëlle, Nolwenn, Soizic, Rozenn, Armelle, Maïwenn, Morgane, Annaïg, Katell, Enora, Gaëlle"
        ),
        men=_names(
            "Yann, Erwan, Ronan, Gwenaël, Loïc, Tanguy, Hervé, Yannick, Gildas, Mikaël, Goulven, Ewen, Briac"
        ),
    ),
}
