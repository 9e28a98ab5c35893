"""Claims, as the federation writes them."""


def directs(*schools, function="DIR"):
    return {
        "FrEduRneResp": [f"{school.uai}$UAJ$PU$N$T3$CLG$340" for school in schools] or "X",
        "FrEduFonctAdm": function,
    }


def delegation(*schools, begin="01/09/2020", end="31/12/9999", application="educonnect"):
    places = ";".join(f"{school.uai}$UAJ$PU$N$T3$CLG$340" for school in schools)
    url = f"/redirectionhub/redirect.jsp?applicationname={application}"
    return {"FrEduResDel": [f"{application}|{url}|{begin}|{end}|user|FrEduRneResp={places}|server|module"]}
