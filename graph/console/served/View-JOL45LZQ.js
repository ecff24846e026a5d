import{a as r}from"./chunk-CJ76XEFA.js";import{o,u as e}from"./chunk-332ZVVTN.js";function a(){return o(r,{heading:e.value.overview.heading})}export{a as View};
